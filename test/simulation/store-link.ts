// The way from a process to its database: takes time, and at times loses a request or an answer, or brings an insert
// about in part, or long after its writer gave it up. What is applied is applied as a database would, at one moment.

import { type JournalStore, JournalUnavailableError } from '../../shared/journal/index.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { History } from './history.ts';
import type { SimulatedProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';
import { brokenMs, storeMs, type Weather } from './weather.ts';

/** How long after its answer was lost an insert may still be applied: a server that hung, and goes on. */
const lateInsertMsMax = 8_000;

export interface StoreLinkDependencies {
  readonly process: SimulatedProcess;
  readonly store: JournalStore;
  readonly scheduler: Scheduler;
  readonly luck: SeededRandom;
  readonly history: History;
  weather(): Weather;
  /** The database answers nobody. */
  isAway(): boolean;
}

type Entries = Parameters<JournalStore['insert']>[0];

export function createStoreLink(deps: StoreLinkDependencies): JournalStore {
  const { process, store, scheduler, luck, history, weather, isAway } = deps;

  /** A round trip. The answer reaches the process only if it is still the one that asked. */
  function trip<T>(work: () => Promise<T>, fault: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new JournalUnavailableError('the simulated database did not answer'));
      scheduler.after(storeMs(luck), () => {
        if (isAway() || luck.chance(fault)) process.after(brokenMs(luck), fail);
        else void work().then((answer) => process.after(storeMs(luck), () => resolve(answer)), reject);
      });
    });
  }

  const reading = <T>(work: () => Promise<T>) => trip(work, weather().readFault);

  function applyLater(entries: Entries, delayMs: number): void {
    scheduler.after(delayMs, () => {
      void store.insert(entries).then((answers) => {
        history.note(process.name, 'store applies late', ids(entries), answers.join(','));
      });
    });
  }

  function faultyInsert(entries: Entries): Promise<never> {
    const [kind, done] = luck.pick<[string, Entries]>([
      ['lost', []],
      ['answer lost', entries],
      ['half done', entries.filter(() => luck.chance(0.5))],
      ['late', entries],
    ]);
    history.note(process.name, 'insert', kind, ids(entries));
    for (const entry of done) {
      applyLater([entry], kind === 'late' ? luck.fraction() * lateInsertMsMax : storeMs(luck));
    }
    return new Promise((_, reject) => {
      process.after(brokenMs(luck), () => reject(new Error('the simulated connection closed')));
    });
  }

  return {
    prepare: () => trip(() => store.prepare(), 0),
    settings: (wanted) => trip(() => store.settings(wanted), 0),
    async insert(entries) {
      if (isAway() || luck.chance(weather().insertFault)) return faultyInsert(isAway() ? [] : entries);
      return trip(async () => {
        const answers = await store.insert(entries);
        history.note(process.name, 'insert', ids(entries), answers.join(','));
        return answers;
      }, 0);
    },
    findByKeys: (keys) => reading(() => store.findByKeys(keys)),
    read: (stream, fromSeq, limit) => reading(() => store.read(stream, fromSeq, limit)),
    findNewest: (entity, fromSeq) => reading(() => store.findNewest(entity, fromSeq)),
    findHistory: (entity, options) => reading(() => store.findHistory(entity, options)),
    findList: (name, position, limit) => reading(() => store.findList(name, position, limit)),
    readCheckpoint: (stream) => reading(() => store.readCheckpoint(stream)),
    writeCheckpoint: (checkpoint) => reading(() => store.writeCheckpoint(checkpoint)),
  };
}

function ids(entries: Entries): string {
  return entries.map(({ _id, ops }) => `${_id}(${ops.map(({ type }) => type).join(' ')})`).join(' ');
}
