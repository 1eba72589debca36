// The settings that every service takes from its environment. It knows no service: each one adds its name and port.

import { cleanEnv, makeValidator, str } from 'envalid';

/** What a service needs to start. Tests build one by hand; `main.ts` reads it from the environment. */
export interface ServiceConfig {
  /** Where to listen. Beyond loopback only with callers' tokens, or with an explicit `ALLOW_ANONYMOUS=true`. */
  readonly host: string;
  /** 0 lets the system choose; the ready line says which it was. */
  readonly port: number;
  readonly mongodbUri: string;
  readonly mongodbDatabase: string;
  /** pino's names: `debug`, `info`, `warn`, `error`, `silent`. */
  readonly logLevel: string;
  /** `token=name,token=name:operator`; empty: everybody is `anonymous` and an operator. */
  readonly authTokens: string;
  /** Fixed when the database is created: entities are placed in `hash % streams`. */
  readonly journalStreams: number;
  /** `name=exit@3,…`, for crash tests; empty in production. */
  readonly failpoints: string;
}

/** A mistake of whoever starts the service. Its message is one plain sentence with the way out; no stack is worth showing. */
export class OperatorError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'OperatorError';
  }
}

/** The names in the environment that differ between services. */
export interface ServiceNames {
  /** Lower case, such as `inventory`; the database is called `twicesafe_<service>` by default. */
  readonly service: string;
  readonly portVariable: string;
  readonly portDefault: number;
}

/** What the journal takes at the most. Each stream that a flush touches costs a document, so few are right. */
const journalStreamsMax = 256;

/** Reads the environment; throws an `OperatorError` for the first value that cannot be right. An empty value counts as left out. */
export function serviceConfig(
  environment: Readonly<Record<string, string | undefined>>,
  names: ServiceNames,
): ServiceConfig {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value));
  const specs = {
    HOST: str({ desc: 'an address to listen on', default: '127.0.0.1' }),
    [names.portVariable]: wholeNumber(0, 65_535)({ desc: 'a port', default: names.portDefault }),
    MONGODB_URI: str({ desc: 'the address of a MongoDB replica set, such as mongodb://127.0.0.1:27017' }),
    MONGODB_DATABASE: str({ desc: 'the name of a database', default: `twicesafe_${names.service}` }),
    LOG_LEVEL: str({
      desc: 'one of debug, info, warn, error, silent',
      choices: ['debug', 'info', 'warn', 'error', 'silent'],
      default: 'warn',
    }),
    AUTH_TOKENS: str({ desc: 'token=name,token=name:operator', default: '' }),
    ALLOW_ANONYMOUS: str({ desc: 'true or false', choices: ['true', 'false'], default: 'false' }),
    JOURNAL_STREAMS: wholeNumber(1, journalStreamsMax)({ desc: `1 to ${journalStreamsMax}`, default: 1 }),
    FAILPOINTS: str({ desc: 'name=exit or name=exit@count, separated by commas', default: '' }),
  };
  const settings: Record<string, string | number> = cleanEnv(given, specs, {
    reporter({ errors }) {
      const name = Object.keys(errors)[0];
      if (name === undefined) return;
      const expected = specs[name]?.desc ?? 'something else';
      throw new OperatorError(
        name in given
          ? `${name} must be ${expected}, not "${given[name]}".`
          : `${name} is missing: set it to ${expected}.`,
      );
    },
  });
  const config: ServiceConfig = {
    host: String(settings['HOST']),
    port: Number(settings[names.portVariable]),
    mongodbUri: String(settings['MONGODB_URI']),
    mongodbDatabase: String(settings['MONGODB_DATABASE']),
    logLevel: String(settings['LOG_LEVEL']),
    authTokens: String(settings['AUTH_TOKENS']),
    journalStreams: Number(settings['JOURNAL_STREAMS']),
    failpoints: String(settings['FAILPOINTS']),
  };
  // Without tokens everybody is an operator, which must never be reachable from another machine by accident.
  if (!isLoopback(config.host) && !config.authTokens && settings['ALLOW_ANONYMOUS'] !== 'true') {
    throw new OperatorError(
      `HOST ${config.host} is reachable from other machines: set AUTH_TOKENS, or ALLOW_ANONYMOUS=true to let everybody in.`,
    );
  }
  return config;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function wholeNumber(min: number, max: number) {
  return makeValidator<number>((text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) throw new Error(`${text} is not ${min} to ${max}`);
    return value;
  });
}
