import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { connectDatabase, type EmbeddedOptions, startEmbeddedDatabase } from '../../../shared/mongo/index.ts';
import { createLog } from '../../../shared/runtime/index.ts';

const log = createLog('test', 'silent');
const endings: (() => Promise<unknown>)[] = [];

afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

async function newDataDir(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'twicesafe-embedded-'));
  endings.push(() => rm(dataDir, { recursive: true, force: true }));
  return dataDir;
}

async function start(options: Partial<EmbeddedOptions> & { dataDir: string }) {
  const database = await startEmbeddedDatabase({
    environment: { ...process.env, MONGODB_URI: '', TWICESAFE_DATABASE: 'secantus' },
    report: () => undefined,
    ...options,
  });
  endings.push(() => database.stop());
  return database;
}

test('what was acknowledged is there after a kill -9, and an open connection finds the database again by itself', async () => {
  const dataDir = await newDataDir();
  const first = await start({ dataDir });
  const { db, close } = await connectDatabase({ uri: first.uri, databaseName: 'shop', log });
  endings.push(close);
  await db.collection<{ _id: string }>('orders').insertOne({ _id: 'acknowledged' });

  await first.kill('SIGKILL');
  expect(await first.exited).toEqual({ code: null, signal: 'SIGKILL' });
  const second = await start({ dataDir, ...(first.port ? { port: first.port } : {}) });
  const readyAt = performance.now();
  const order = await vi.waitFor(
    () => db.collection<{ _id: string }>('orders').findOne({ _id: 'acknowledged' }),
    1_000,
  );

  expect(order).toEqual({ _id: 'acknowledged' });
  expect(performance.now() - readyAt).toBeLessThan(1_000);
  expect(second.uri).toBe(first.uri);
  expect(second.pid).not.toBe(first.pid);
});

test('what a start after a crash has to read does not grow with all that was ever written', async () => {
  const dataDir = await newDataDir();
  const database = await start({ dataDir });
  const { db, close } = await connectDatabase({ uri: database.uri, databaseName: 'shop', log });
  endings.push(close);
  const megabyte = 1_000_000;
  const logBytes = async () => {
    const folder = join(dataDir, 'secantus');
    const logFiles = (await readdir(folder)).filter((file) => file.startsWith('WiredTigerLog'));
    const stats = await Promise.all(logFiles.map((file) => stat(join(folder, file))));
    return stats.reduce((sum, { size }) => sum + size, 0);
  };
  for (let count = 0; count < 500; count += 5) {
    await db
      .collection('orders')
      .insertMany(Array.from({ length: 5 }, () => ({ body: randomBytes(megabyte) })));
  }
  expect(await logBytes()).toBeGreaterThan(megabyte);
  // A log of 256 MB until the next checkpoint, and a file or two that are not full.
  await expect.poll(logBytes).toBeLessThan(400 * megabyte);

  await database.kill('SIGKILL');
  await database.exited;
  await start({ dataDir, ...(database.port ? { port: database.port } : {}) });
  await expect.poll(() => db.collection('orders').countDocuments()).toBe(500);
}, 120_000);

test('data in use by a living process is refused', async () => {
  const dataDir = await newDataDir();
  await start({ dataDir });

  await expect(start({ dataDir })).rejects.toThrow(
    `is in use by process ${process.pid}; stop that one, or set another DATA_DIR.`,
  );
});

test('data of one source is not opened by another', async () => {
  const dataDir = await newDataDir();
  await writeFile(join(dataDir, 'database-source'), 'mongod\n');

  await expect(start({ dataDir })).rejects.toThrow(
    /^The data in .* was made by mongod and cannot be opened by secantus; set TWICESAFE_DATABASE=mongod or another DATA_DIR\.$/,
  );
});

test('a source that is not there is named with its reason', async () => {
  const environment = { ...process.env, MONGODB_URI: '', TWICESAFE_DATABASE: 'mongod', PATH: '/nonexistent' };

  await expect(start({ dataDir: await newDataDir(), environment })).rejects.toThrow(
    'No database could be started (MONGODB_URI: not set; mongod: there is no mongod on PATH); make one of these available.',
  );
});

test('when there is no way at all, the error lists all five ways and why each is none', async () => {
  const environment = {
    PATH: '/nonexistent',
    TWICESAFE_CACHE_DIR: await newDataDir(),
    MONGOMS_DOWNLOAD_MIRROR: 'http://127.0.0.1:1/',
  };

  await expect(start({ dataDir: await newDataDir(), environment })).rejects.toThrow(
    /^No database could be started \(MONGODB_URI: not set; docker: .*; mongod: .*; download: .*; secantus: .*\); make one of these available\.$/,
  );
});

test('with MONGODB_URI nothing is started', async () => {
  const environment = { MONGODB_URI: 'mongodb://db.example:27017/' };
  const database = await start({ dataDir: '/nonexistent', environment });

  expect(database).toMatchObject({ source: 'uri', uri: 'mongodb://db.example:27017/', pid: undefined });
});
