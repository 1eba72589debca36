// A journal with the smallest domain there is, counters, for the contract suites.

import {
  createJournalOn,
  type EntityRules,
  type Journal,
  type Submission,
} from '../../shared/journal/index.ts';
import type { JournalLimits } from '../../shared/journal/limits.ts';
import type { JournalStore } from '../../shared/journal/store.ts';
import { type Clock, createLog, createSystemClock, createSystemRandom } from '../../shared/runtime/index.ts';

/** A counter counts, and is open while it is below zero. Names `a/…` and `a/…` with the same `…` are placed together. */
export const counterRules: EntityRules = {
  evolve: (_entity, state, { type, data }) =>
    type === 'added' ? { count: Number(state?.['count'] ?? 0) + Number(data['by']) } : state,
  isOpen: (_entity, state) => Number(state['count']) < 0,
  placementOf: (entity) => entity.slice(entity.indexOf('/')),
};

export interface CounterJournalOptions {
  readonly streamCount?: number;
  readonly owner?: string;
  readonly writer?: string;
  readonly limits?: Partial<JournalLimits>;
  readonly clock?: Clock;
}

export function openCounters(store: JournalStore, options: CounterJournalOptions = {}): Promise<Journal> {
  return createJournalOn(store, {
    rules: counterRules,
    owner: options.owner ?? 'counters',
    streamCount: options.streamCount ?? 1,
    writer: options.writer ?? `test-${createSystemRandom().name(4)}`,
    clock: options.clock ?? createSystemClock(),
    random: createSystemRandom(),
    log: createLog('test', 'silent'),
    ...(options.limits ? { limits: options.limits } : {}),
  });
}

/** Adds to a counter that may not go above `max`. */
export function add(
  key: string,
  entity: string,
  by: number,
  {
    fingerprint = '1:same',
    max = Number.MAX_SAFE_INTEGER,
    lists,
  }: { fingerprint?: string; max?: number; lists?: string[] } = {},
): Submission {
  return {
    key,
    fingerprint,
    entities: [entity],
    decide([state]) {
      const count = Number(state?.['count'] ?? 0) + by;
      if (count > max) {
        const refusal = {
          reason: 'TOO_MANY',
          message: `${count} is above ${max}`,
          metadata: { max: String(max) },
        };
        return { outcome: { succeeded: false, refusal }, changes: [{ entity, type: 'refused', data: {} }] };
      }
      const joined = state === undefined && lists ? { lists } : {};
      return { outcome: { succeeded: true }, changes: [{ entity, type: 'added', data: { by }, ...joined }] };
    },
  };
}

/** Closes a counter once it has counted: taken again it changes nothing. */
export function closeOnce(key: string, entity: string): Submission {
  return {
    key,
    fingerprint: '',
    entities: [entity],
    provenBy: 'state',
    decide([state]) {
      const isClosed = Number(state?.['count'] ?? 0) >= 1_000;
      const data = isClosed ? {} : { by: 1_000 };
      return {
        outcome: { succeeded: true },
        changes: [{ entity, type: isClosed ? 'unchanged' : 'added', data }],
      };
    },
  };
}
