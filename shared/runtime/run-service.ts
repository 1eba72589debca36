// The life of a service process: settings, start, one ready line, and a clean stop. It knows no service.

import { type Clock, createSystemClock } from './clock.ts';
import { type Failpoints, failpointsFromEnvironment } from './failpoints.ts';
import { createLog, type Logger } from './log.ts';
import { createSystemRandom, type Random } from './random.ts';
import { OperatorError, type ServiceConfig } from './service-config.ts';
import { createShutdown, stopOnSignals } from './shutdown.ts';

/** What a service must not reach for by itself, so that a test can hold it. */
export interface ServiceDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly failpoints: Failpoints;
}

/** A started service. */
export interface RunningService {
  readonly port: number;
  /** Answers what is under way, then closes everything. */
  stop(): Promise<void>;
}

/**
 * Runs a service until SIGINT or SIGTERM. Prints `<name> listening on <host>:<port>` on standard output when, and only
 * when, it serves. What the operator can repair is one sentence on standard error and exit code 1.
 */
export async function runService<C extends Pick<ServiceConfig, 'host' | 'logLevel' | 'failpoints'>>(
  name: string,
  readConfig: (environment: Readonly<Record<string, string | undefined>>) => C,
  start: (config: C, deps: ServiceDeps) => Promise<RunningService>,
): Promise<void> {
  try {
    const config = readConfig(process.env);
    const log = createLog(name, config.logLevel);
    // Signals are heard before the start, so that a Ctrl-C meanwhile is not lost.
    const shutdown = createShutdown(log);
    stopOnSignals(shutdown);
    const service = await start(config, {
      clock: createSystemClock(),
      random: createSystemRandom(),
      log,
      failpoints: readFailpoints(config.failpoints),
    });
    shutdown.onStop(name, () => service.stop());
    process.stdout.write(`${name} listening on ${config.host}:${service.port}\n`);
  } catch (error) {
    process.stderr.write(`${name}: ${plainSentence(error)}\n`);
    process.exit(1);
  }
}

function readFailpoints(value: string): Failpoints {
  try {
    return failpointsFromEnvironment(value);
  } catch (error) {
    throw new OperatorError(error instanceof Error ? error.message : String(error), error);
  }
}

/** Errors of the start are the operator's to repair; one that is not (a bug) shows its stack, or nobody could repair it. */
function plainSentence(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  return isBug ? (error.stack ?? error.message) : error.message;
}
