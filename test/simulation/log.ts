// The log of a simulated process: what it says is in the history, and what no run may make it say is a complaint.

import { pino } from 'pino';
import type { Logger } from '../../shared/runtime/index.ts';
import type { History } from './history.ts';
import type { SimulatedProcess } from './process.ts';

/** What a fault of a database or of a stop may make a process throw. Anything else that is logged is a bug. */
const expectedErrors: ReadonlySet<string> = new Set([
  'JournalUnavailableError',
  'SagaInterruptedError',
  'KeyReusedError',
]);

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly err?: { readonly type: string; readonly message: string; readonly stack: string };
}

export function createProcessLog(
  process: SimulatedProcess,
  history: History,
  complain: (complaint: string) => void,
): Logger {
  function write(text: string): void {
    const { msg, err } = JSON.parse(text) as Line;
    history.note(process.name, 'says:', msg, err?.message ?? '');
    // The journal passes on what the store threw, and says itself that it waits.
    const isFine = err === undefined || expectedErrors.has(err.type) || msg.startsWith('the database');
    if (!isFine || msg.startsWith('a bug')) {
      complain(`${process.name} says: ${msg}: ${err?.stack ?? text}`);
    }
  }
  return pino({ level: 'info', base: null, timestamp: false }, { write });
}
