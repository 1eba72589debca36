import { expect, test } from 'vitest';
import { connectDatabase } from '../../../shared/mongo/index.ts';
import { freePort } from '../../../shared/processes/index.ts';
import { createLog } from '../../../shared/runtime/index.ts';
import { freshDatabase } from '../../support/database.ts';

const log = createLog('test', 'silent');

test('money comes back as the bigint that was stored', async () => {
  const { db } = await freshDatabase();
  const accounts = db.collection<{ _id: string; balance: bigint }>('accounts');
  await accounts.insertOne({ _id: 'alice', balance: 9_007_199_254_740_993n });

  expect(await accounts.findOne({ _id: 'alice' })).toEqual({ _id: 'alice', balance: 9_007_199_254_740_993n });
});

test('a property that is undefined is not stored as null', async () => {
  const { db } = await freshDatabase();
  const states = db.collection<{ _id: string; note?: string | undefined }>('states');
  await states.insertOne({ _id: 'a', note: undefined });

  expect(await states.findOne({ _id: 'a' })).toEqual({ _id: 'a' });
});

test('every write asks for a majority and the disk, every read for what a majority has', async () => {
  const { db } = await freshDatabase();

  expect(db.writeConcern).toMatchObject({ w: 'majority', journal: true });
  expect(db.readConcern).toMatchObject({ level: 'majority' });
});

test('a database that is not there is one sentence, without its password', async () => {
  const port = await freePort();
  const connecting = connectDatabase({
    uri: `mongodb://user:secret@127.0.0.1:${port}/?serverSelectionTimeoutMS=200`,
    databaseName: 'nobody',
    log,
  });

  await expect(connecting).rejects.toThrow(
    /^The database at mongodb:\/\/127\.0\.0\.1:\d+\/.* does not answer \(.*\); start it, or correct MONGODB_URI\.$/,
  );
  await expect(connecting).rejects.not.toThrow(/secret/);
});

test('an address that is none is one sentence', async () => {
  await expect(connectDatabase({ uri: 'mysql://x', databaseName: 'nobody', log })).rejects.toThrow(
    'MONGODB_URI is not an address of a MongoDB',
  );
});
