// What `twicesafe journal` shows: entries are packed in the database, so this is how a person reads them.

import { expect, test } from 'vitest';
import { linesOf } from '../../cli/journal.ts';
import { createMongoStore } from '../../shared/journal/index.ts';
import { add, openCounters } from '../support/counter-journal.ts';
import { freshDatabase } from '../support/database.ts';

test('shows ops as JSON lines: the newest, from an entry on, of an entity, and under a key', async () => {
  const { db } = await freshDatabase();
  const store = createMongoStore(db);
  const journal = await openCounters(store, { writer: 'w' });
  for (const number of [1, 2, 3])
    await journal.submit(add(`k${number}`, number === 2 ? 'b/y' : 'a/x', number));
  await journal.close();
  const shown = async (asked: Partial<Parameters<typeof linesOf>[1]>) => {
    const lines = await linesOf(store, { stream: 's0', limit: 100, ...asked });
    return lines.map((line) => JSON.parse(line));
  };

  expect(await shown({ key: 'k2' })).toEqual([
    {
      entry: 's0#2',
      at: expect.stringMatching(/^\d{4}-/),
      writer: 'w/2',
      entity: 'b/y',
      key: 'k2',
      fingerprint: '1:same',
      type: 'added',
      data: { by: 2 },
      refusal: null,
      state: { count: 2 },
    },
  ]);
  const keysOf = async (asked: Parameters<typeof shown>[0]) => (await shown(asked)).map(({ key }) => key);
  expect(await keysOf({})).toEqual(['k1', 'k2', 'k3']);
  expect(await keysOf({ from: 2, limit: 1 })).toEqual(['k2']);
  expect(await keysOf({ entity: 'a/x' })).toEqual(['k1', 'k3']);
  expect(await keysOf({ entity: 'a/x', from: 2 })).toEqual(['k3']);
  expect(await keysOf({ entity: 'a/z' })).toEqual([]);
});
