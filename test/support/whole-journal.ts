// Everything that a journal answers, as one value: two journals that give the same one cannot be told apart.

import type { Journal } from '../../shared/journal/index.ts';
import type { JournalStore } from '../../shared/journal/store.ts';
import { openCounters } from './counter-journal.ts';

export interface Asked {
  readonly keys: readonly string[];
  readonly entities: readonly string[];
  readonly lists: readonly string[];
  readonly streams: readonly string[];
}

const historyLimits = [1, 2, 3, 5, 200];
const seqs = [undefined, 1, 2, 3, 4, 6, 7, 11, 1_000];
const pageSizes = [1, 2, 5, 100];
const readSizes = [1, 2, 3, 4, 200];
/** More pages than there are entries would be a token that leads in a circle. */
const pagesMax = 500;

export async function wholeJournal(store: JournalStore, asked: Asked): Promise<Record<string, unknown>> {
  // A process of its own, to which everything is new.
  const journal = await openCounters(store, { writer: 'reader' });
  const answers: Record<string, unknown> = {};
  const ask = async (question: string, answer: Promise<unknown>) => {
    answers[question] = await answer;
  };
  await ask('everything', Array.fromAsync(journal.scan()));
  await ask('open', Promise.resolve([...journal.openEntities()].toSorted(([a], [b]) => (a < b ? -1 : 1))));
  for (const key of asked.keys) await ask(`key ${key}`, journal.readKey(key));
  await ask('all keys at once', foundByKeys(store, asked.keys));
  for (const entity of asked.entities) {
    await ask(`state of ${entity}`, journal.readState(entity));
    for (const newestFirst of [false, true]) {
      for (const limit of historyLimits) {
        for (const seq of seqs) {
          const after = { limit, newestFirst, ...(seq === undefined ? {} : { afterSeq: seq }) };
          await ask(`${entity} after ${JSON.stringify(after)}`, journal.history(entity, after));
          if (seq === undefined) continue;
          const before = { limit, newestFirst, beforeSeq: seq };
          await ask(`${entity} before ${JSON.stringify(before)}`, journal.history(entity, before));
          const both = { ...before, afterSeq: 2 };
          await ask(`${entity} between ${JSON.stringify(both)}`, journal.history(entity, both));
        }
      }
    }
  }
  for (const list of asked.lists) {
    for (const size of pageSizes) await ask(`${list} by ${size}`, allPages(journal, list, size));
  }
  for (const stream of asked.streams) {
    for (const size of readSizes) {
      for (let fromSeq = 1; fromSeq < 20; fromSeq += 1) {
        await ask(`${stream} from ${fromSeq} by ${size}`, store.read(stream, fromSeq, size));
      }
    }
  }
  await journal.close();
  return answers;
}

async function foundByKeys(store: JournalStore, keys: readonly string[]): Promise<unknown> {
  const parts = await store.findByKeys(keys);
  return parts
    .flatMap(({ stream, seq, writer, at, ops }) => ops.map((op) => ({ stream, seq, writer, at, op })))
    .toSorted((a, b) => (`${a.stream} ${a.op.key}` < `${b.stream} ${b.op.key}` ? -1 : 1));
}

async function allPages(journal: Journal, list: string, size: number): Promise<unknown> {
  const pages: (readonly string[])[] = [];
  for (let token = ''; pages.length < pagesMax; ) {
    const page = await journal.list(list, { size, token });
    pages.push(page.items);
    if (page.nextPageToken === undefined) return pages;
    token = page.nextPageToken;
  }
  throw new Error(`list ${list} has no end`);
}
