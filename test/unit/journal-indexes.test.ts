// What a database says of its indexes is believed only after they were read back.

import type { Collection } from 'mongodb';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../shared/journal/entry.ts';
import { ensureIndexes } from '../../shared/journal/indexes.ts';

/** A database that accepts every index, and makes what it wants of the one on `keys`. */
function databaseThatMakes(keysIndex: object | undefined): Collection<Entry> {
  const made: object[] = [];
  const collection = {
    dbName: 'shop',
    async createIndex(key: object, options: object) {
      if (!('keys' in key)) made.push({ key, ...options });
      else if (keysIndex) made.push({ key, ...keysIndex });
    },
    indexes: async () => made,
  };
  return collection as unknown as Collection<Entry>;
}

describe('a database that said yes to the unique index of keys', () => {
  test('serves when it made it', async () => {
    await expect(ensureIndexes(databaseThatMakes({ unique: true }))).resolves.toBeUndefined();
  });

  test.each([
    ['made none', undefined],
    ['made one that is not unique', {}],
    ['made one for a part of the entries', { unique: true, partialFilterExpression: { seq: 1 } }],
  ])('does not serve when it %s', async (_, keysIndex) => {
    await expect(ensureIndexes(databaseThatMakes(keysIndex))).rejects.toThrow(
      'The journal\'s index {"keys":1} is missing or not as it must be (unique)',
    );
  });
});
