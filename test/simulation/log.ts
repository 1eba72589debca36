// The log of a simulated process: what it says is in the history, and what no run may make it say is a complaint.

import type { Logger } from '../../shared/runtime/index.ts';
import type { History } from './history.ts';
import type { SimulatedProcess } from './process.ts';

/** What a fault of a database or of a stop may make a process throw. Anything else that is logged is a bug. */
const expectedErrors: ReadonlySet<string> = new Set([
  'JournalUnavailableError',
  'SagaInterruptedError',
  'KeyReusedError',
]);

export function createProcessLog(
  process: SimulatedProcess,
  history: History,
  complain: (complaint: string) => void,
): Logger {
  function say(what: string | { readonly err?: unknown }, message?: string): void {
    const msg = typeof what === 'string' ? what : (message ?? '');
    const err = typeof what === 'string' ? undefined : what.err;
    history.note(process.name, 'says:', msg, err instanceof Error ? err.message : '');
    // Whoever warns that the database or the provider does not answer passes on what its client threw.
    const isFine =
      err === undefined ||
      (err instanceof Error && expectedErrors.has(err.constructor.name)) ||
      /^the (database|provider) does not/.test(msg);
    if (isFine && !msg.startsWith('a bug')) return;
    complain(`${process.name} says: ${msg}: ${err instanceof Error ? err.stack : JSON.stringify(what)}`);
  }
  const quiet = () => undefined;
  // Of a logger only what services call. A real one for each process of each run would cost more than what it writes.
  const log = { level: 'info', trace: quiet, debug: quiet, info: say, warn: say, error: say, fatal: say };
  return log as unknown as Logger;
}
