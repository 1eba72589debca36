// Compaction dies, and what it works on dies under it, while orders go on: no answer changes, nothing happens twice, and the
// next run finishes what was begun.

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { journalOf } from '../../shared/journal/mongo-store.ts';
import { connectDatabase, type Database } from '../../shared/mongo/index.ts';
import { createLog, createSystemClock } from '../../shared/runtime/index.ts';
import { type Definite, insist } from '../support/answers.ts';
import { compactSmall } from '../support/compaction.ts';
import { openShop, type Shop } from '../support/shop.ts';
import { startSuite, type TestSuite } from '../support/suite.ts';

const services = ['order', 'inventory', 'payment'] as const;
type Service = (typeof services)[number];

const points = [
  'compaction.before_lay',
  'compaction.after_lay',
  'compaction.after_commit',
  'compaction.after_delete',
  'compaction.before_commit',
];
/** Here a transaction is left open. The database ends it after a minute, and until then nobody else can move its entries. */
const inTransaction = ['compaction.after_delete', 'compaction.before_commit'];

const accountBalance = 1_000_000n;
const itemCount = 5_000n;
/** A checkpoint is written every five seconds; others may be at work on this machine. */
const soon = { timeout: 30_000, interval: 100 };

let suite: TestSuite;
let shop: Shop;
const databases = new Map<Service, Database>();
const answers = new Map<string, unknown>();

beforeAll(async () => {
  suite = await startSuite();
  shop = openShop(suite);
  for (const service of services) {
    const databaseName = `twicesafe_${service}`;
    const log = createLog('test', 'silent');
    databases.set(service, await connectDatabase({ uri: suite.databaseUri, databaseName, log }));
  }
  await shop.stock('tea', itemCount, 3n);
  await shop.openAccount('purse', accountBalance);
});

afterAll(async () => {
  for (const database of databases.values()) await database.close();
});

function databaseOf(service: Service) {
  const database = databases.get(service);
  if (!database) throw new Error(`no database of ${service}`);
  return database.db;
}

const orderTea = (requestId: string) =>
  insist(
    (options) =>
      shop.order().placeOrder(
        {
          paymentSource: { case: 'accountId', value: 'purse' },
          lines: [{ sku: 'tea', quantity: requestId.endsWith('7') ? 100_000 : 1 }],
        },
        options,
      ),
    requestId,
  );

const withoutMark = ({ replayed, ...answer }: Definite<unknown>) => answer;

/** Orders, one in ten of which is refused. Each answer is kept. */
async function place(name: string, count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const requestId = `compaction-${name}-${i}`;
      answers.set(requestId, withoutMark(await orderTea(requestId)));
    }),
  );
}

async function expectSameAnswers(): Promise<void> {
  const requestIds = [...answers.keys()];
  for (let start = 0; start < requestIds.length; start += 20) {
    await Promise.all(
      requestIds.slice(start, start + 20).map(async (requestId) => {
        const again = await orderTea(requestId);
        expect(again.replayed, requestId).toBe(true);
        expect(withoutMark(again), requestId).toEqual(answers.get(requestId));
      }),
    );
  }
}

/** Until every entry is before its checkpoint, so that it may be moved. */
async function untilCheckpointed(service: Service): Promise<void> {
  const db = databaseOf(service);
  await vi.waitFor(async () => {
    const [newest] = await journalOf(db).find({ stream: 's0' }).sort({ seq: -1 }).limit(1).toArray();
    const checkpoint = await db
      .collection<{ _id: string; seq: number }>('checkpoints')
      .findOne({ _id: 's0' });
    expect(checkpoint?.seq).toBe(newest && 'lastSeq' in newest ? newest.lastSeq : newest?.seq);
  }, soon);
}

const aloneCount = (service: Service) =>
  journalOf(databaseOf(service)).countDocuments({ lastSeq: { $exists: false } });

async function compactor(service: Service, failpoints: string): Promise<{ signal?: string; stdout: string }> {
  const entry = fileURLToPath(new URL('../support/compactor.ts', import.meta.url));
  const environment = {
    MONGODB_URI: suite.databaseUri,
    MONGODB_DATABASE: `twicesafe_${service}`,
    FAILPOINTS: failpoints,
  };
  return promisify(execFile)(process.execPath, [entry], { env: { ...process.env, ...environment } }).catch(
    (error: { signal?: string; stdout: string }) => error,
  );
}

test.each(points)(
  'the compactors of all three journals die at %s',
  async (point) => {
    const name = point.slice('compaction.'.length);
    // Each wave is an entry of every journal at the least: enough for two segments and more.
    for (let wave = 1; wave <= 6; wave += 1) await place(`${name}-${wave}`, 8);
    await shop.settle();
    await Promise.all(services.map(untilCheckpointed));
    const orders = place(`beside-${name}`, 30);
    // At the second segment: one is moved, one is on its way, others are laid.
    const died = await Promise.all(services.map((service) => compactor(service, `${point}=exit@2`)));
    for (const [index, { signal }] of died.entries()) expect(signal, services[index]).toBe('SIGKILL');
    await orders;
    await expectSameAnswers();
    await shop.settle();
    await shop.expectCleanAudit();
    // Ended here by a restart, except for the last ones, which the next run has to outlast.
    if (inTransaction.includes(point) && point !== points.at(-1)) {
      await suite.killDatabase();
      await suite.restartDatabase();
    }
  },
  120_000,
);

test('the next run moves all that the dead ones left', async () => {
  await shop.settle();
  for (const service of services) {
    await untilCheckpointed(service);
    expect(await aloneCount(service)).toBeGreaterThan(0);
    expect(JSON.parse((await compactor(service, '')).stdout)).toMatchObject({
      entryCount: expect.any(Number),
    });
    expect(await aloneCount(service)).toBe(0);
  }
  await expectSameAnswers();
  await shop.expectCleanAudit();
}, 300_000);

test('services that start again on segments alone know every answer, and go on', async () => {
  for (const service of services) await suite.restart(service);
  await expectSameAnswers();
  await place('after-restart', 20);
  await shop.settle();
  await expectSameAnswers();
  await shop.expectCleanAudit();
}, 120_000);

test('the database is killed in the commit: whatever it answers, each entry is there once', async () => {
  const clock = createSystemClock();
  for (const [round, service] of services.flatMap((service) => [service, service]).entries()) {
    await place(`killed-${round}`, 20);
    await shop.settle();
    await untilCheckpointed(service);
    let isDown: Promise<void> | undefined;
    const failpoints = {
      async reach(name: string) {
        if (name !== 'compaction.before_commit' || isDown) return;
        isDown = suite.killDatabase();
        // Before the commit is sent, or while it is under way.
        if (round % 2 === 0) await isDown;
        else await clock.sleep(round);
      },
    };
    const compacted = compactSmall(databaseOf(service), { failpoints }).catch((error: unknown) => error);
    await vi.waitFor(() => expect(isDown).toBeDefined(), soon);
    await isDown;
    await suite.restartDatabase();
    await compacted;
    await expectSameAnswers();
    await shop.settle();
    await shop.expectCleanAudit();
  }
  for (const service of services) {
    await compactSmall(databaseOf(service));
  }
  await expectSameAnswers();
  await shop.expectCleanAudit();
}, 240_000);

test('money and stock moved once for each order that was confirmed', async () => {
  onTestFinished(suite.stop);
  await shop.settle();
  const confirmed = [...answers.values()].filter(
    (answer) => (answer as { kind: string }).kind === 'done',
  ).length;
  expect(confirmed).toBeGreaterThan(200);
  expect(await shop.balance('purse')).toBe(accountBalance - 3n * BigInt(confirmed));
  expect(await shop.shelf('tea')).toEqual({
    onHand: itemCount - BigInt(confirmed),
    held: 0n,
    sold: BigInt(confirmed),
  });
}, 60_000);
