// The log: one JSON object a line on standard error, quiet unless something needs an operator's eye.

import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** `level`: pino's names (`debug`, `info`, `warn`, `error`, `silent`). */
export function createLog(service: string, level: string): Logger {
  return pino(
    { name: service, level, base: { service }, timestamp: pino.stdTimeFunctions.isoTime },
    pino.destination({ fd: 2, sync: true }),
  );
}
