// What the environment says to the command line: ports, where the data is, and the names of the services.

export const serviceNames = ['order', 'inventory', 'payment'] as const;
export type ServiceName = (typeof serviceNames)[number];

export function isServiceName(name: string): name is ServiceName {
  return (serviceNames as readonly string[]).includes(name);
}

export const portVariables: Readonly<Record<ServiceName, string>> = {
  order: 'ORDER_PORT',
  inventory: 'INVENTORY_PORT',
  payment: 'PAYMENT_PORT',
};

const defaultPorts: Readonly<Record<ServiceName, number>> = { order: 7001, inventory: 7002, payment: 7003 };

/** In the data directory: where the database of a suite that runs there answers. */
export const databaseUriFile = 'database.uri';

const providerPortDefault = 7004;

export interface Settings {
  readonly ports: Readonly<Record<ServiceName, number>>;
  /** Where the simulated card provider listens; undefined when a real one is configured by STRIPE_API_KEY. */
  readonly providerPort: number | undefined;
  readonly dataDir: string;
  /** The first of AUTH_TOKENS that is an operator's, for the calls that `up` makes and prints. Undefined: no authentication. */
  readonly operatorToken: string | undefined;
}

/** Throws one sentence that names the variable. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const readService = (service: ServiceName) =>
    readPort(portVariables[service], defaultPorts[service], environment);
  const ports = {
    order: readService('order'),
    inventory: readService('inventory'),
    payment: readService('payment'),
  };
  const providerPort = environment['STRIPE_API_KEY']
    ? undefined
    : readPort('PROVIDER_PORT', providerPortDefault, environment);
  const all = [...Object.values(ports), ...(providerPort === undefined ? [] : [providerPort])];
  if (new Set(all).size < all.length) {
    throw new Error('ORDER_PORT, INVENTORY_PORT, PAYMENT_PORT and PROVIDER_PORT must be different ports.');
  }
  return {
    ports,
    providerPort,
    dataDir: environment['DATA_DIR'] || '.data',
    operatorToken: readOperatorToken(environment['AUTH_TOKENS']),
  };
}

function readPort(variable: string, portDefault: number, environment: NodeJS.ProcessEnv): number {
  const text = environment[variable];
  if (!text) return portDefault;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`${variable} is "${text}"; it must be a port, 1 to 65535.`);
  }
  return port;
}

function readOperatorToken(tokens: string | undefined): string | undefined {
  if (!tokens) return undefined;
  const operator = tokens.split(',').find((entry) => entry.trim().endsWith(':operator'));
  if (!operator) {
    throw new Error(
      'AUTH_TOKENS names no operator (token=name:operator), whom `up` needs to put its demo items in.',
    );
  }
  return operator.trim().split('=')[0];
}
