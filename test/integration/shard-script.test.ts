// The script that prepares databases for a sharded cluster, as far as one node tells: it makes everything but the shards.

import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { KeyReusedError } from '../../shared/journal/index.ts';
import { createMongoStore, journalOf } from '../../shared/journal/mongo-store.ts';
import { connectDatabase } from '../../shared/mongo/index.ts';
import { createLog } from '../../shared/runtime/index.ts';
import { compactSmall } from '../support/compaction.ts';
import { add, openCounters } from '../support/counter-journal.ts';
import { embeddedUri } from '../support/database.ts';

async function freshPrefix() {
  const prefix = `shard_${randomBytes(6).toString('hex')}_`;
  const open = { uri: embeddedUri(), databaseName: `${prefix}order`, log: createLog('test', 'silent') };
  const { db, close } = await connectDatabase(open);
  onTestFinished(async () => {
    await db.dropDatabase();
    await close();
  });
  return { prefix, db };
}

function shard(prefix: string, streams = 8): Promise<{ stdout: string; stderr: string; code?: number }> {
  const script = fileURLToPath(new URL('../../cli/tools/shard.ts', import.meta.url));
  const given = [
    '--streams',
    String(streams),
    '--shards',
    'rs0,rs1',
    '--services',
    'order',
    '--prefix',
    prefix,
  ];
  return promisify(execFile)(process.execPath, [script, ...given], {
    env: { ...process.env, MONGODB_URI: embeddedUri() },
  }).catch((error: { stdout: string; stderr: string; code: number }) => error);
}

const openOrder = (db: Parameters<typeof createMongoStore>[0]) =>
  openCounters(createMongoStore(db), { owner: 'order', limits: { lookUpDurationMs: 0 } });

test('prepares a database on which a service records once, replays and refuses, before and after compaction', async () => {
  const { prefix, db } = await freshPrefix();
  expect((await shard(prefix)).stdout).toContain('8 streams; this is no mongos, so it is not sharded');
  const first = await openOrder(db);
  for (let i = 0; i < 12; i += 1) await first.submit(add(`k${i}`, `a/${i % 3}`, 1));
  await first.checkpoint();
  await first.close();
  await compactSmall(db);
  expect(await journalOf(db).countDocuments({ lastSeq: { $exists: false } })).toBe(0);
  const second = await openOrder(db);
  expect(await second.submit(add('k3', 'a/0', 1))).toMatchObject({ replayed: true });
  await expect(second.submit(add('k4', 'a/1', 1, { fingerprint: '1:other' }))).rejects.toThrow(
    KeyReusedError,
  );
  expect(await second.readState('a/0')).toEqual({ count: 4 });
  await second.close();
  const indexes = await db.collection('journal').indexes();
  const shapes = indexes.map(({ key, unique }) => `${Object.keys(key).join()} ${unique === true}`);
  expect(shapes).toEqual(expect.arrayContaining(['stream,keys true', 'keys false']));
  expect(await createMongoStore(db).settings({ streamCount: 1, owner: 'x', format: 2 })).toMatchObject({
    streamCount: 8,
  });
});

test('the index alone sees one key twice in one stream, and no longer in two: what the limits say', async () => {
  const { prefix, db } = await freshPrefix();
  await shard(prefix);
  const store = createMongoStore(db);
  const entryAt = (stream: string, seq: number, key: string) => ({
    _id: `${stream}#${seq}`,
    stream,
    seq,
    keys: [key],
    writer: 'w/1',
    ops: [],
    at: new Date('2026-01-01T00:00:00Z'),
  });
  expect(await store.insert([entryAt('s0', 1, 'k1')])).toEqual(['inserted']);
  expect(await store.insert([entryAt('s0', 2, 'k1'), entryAt('s1', 1, 'k1')])).toEqual([
    'duplicate',
    'inserted',
  ]);
});

test('is harmless when it is run again, and touches no journal that has begun or that is another’s', async () => {
  const { prefix, db } = await freshPrefix();
  await shard(prefix);
  expect((await shard(prefix)).stdout).toContain('8 streams');
  expect((await shard(prefix, 16)).stderr).toContain("the order service's, with 8 streams, for ever");
  const journal = await openOrder(db);
  await journal.submit(add('k1', 'a/x', 1));
  await journal.close();
  expect((await shard(prefix)).stderr).toContain('holds entries: only a new database can be prepared');

  const plain = await freshPrefix();
  await (await openOrder(plain.db)).close();
  const refused = await shard(plain.prefix);
  expect(refused.stderr).toContain('has its indexes for one replica set already');
  expect(refused.code).toBe(1);
});
