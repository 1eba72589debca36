// Shows what the order of request ids costs the database: the same load by turns with UUIDs of version 4, which are random,
// and of version 7, which begin with the time. Each turn has a suite and an empty database of its own.
//
//   node cli/tools/request-ids.ts [--seconds 50] [--turns 1] [--in-flight 256]
//
// Prints, for each part of a turn, orders a second and the CPU time of the database for an order, where Linux tells it.
// What to look for is whether they stay what they were in the beginning.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { v7 } from 'uuid';
import { usageOf } from '../bench/usage.ts';
import { report, reportProblem } from '../console.ts';
import { openOrders } from './load/orders.ts';
import { withSuite } from './load/suite.ts';

const skuCount = 500;
const accountCount = 1_000;
/** Each has a connection of its own, and an item that it orders. */
const names = {
  sku: (index: number) => `ids-item-${index}`,
  account: (index: number) => `ids-account-${index}`,
};
/** A turn is told in so many parts. */
const partCount = 5;
/** What a caller waits for an order. */
const timeoutMs = 5_000;
/** A refused caller comes back after this. */
const refusedPauseMs = 700;

const makers = { 'version 4': () => randomUUID(), 'version 7': () => v7() };

async function turn(what: keyof typeof makers, seconds: number, inFlight: number): Promise<void> {
  const skus = Array.from({ length: skuCount }, (_, index) => names.sku(index));
  const accounts = Array.from({ length: accountCount }, (_, index) => names.account(index));
  await withSuite({ skus, accounts }, async ({ suite, addressOf }) => {
    const senders = skus.map((sku) => openOrders(addressOf('order'), accounts, sku));
    let sentCount = 0;
    let confirmedCount = 0;
    let isOver = false;
    const lane = async () => {
      while (!isOver) {
        const sender = senders[sentCount++ % senders.length];
        const answer = await sender?.place(makers[what](), timeoutMs);
        if (answer?.ending === 'confirmed') confirmedCount += 1;
        else await sleep(refusedPauseMs);
      }
    };
    const lanes = Array.from({ length: inFlight }, lane);
    const databasePid = suite.processes.get('database')?.pid();
    for (let part = 1; part <= partCount; part += 1) {
      const before = { confirmedCount, atMs: performance.now(), usage: await usage(databasePid) };
      await sleep((seconds * 1_000) / partCount);
      const orders = confirmedCount - before.confirmedCount;
      const perSecond = (orders * 1_000) / (performance.now() - before.atMs);
      const after = await usage(databasePid);
      const cpuMs =
        after && before.usage ? `${((after.cpuMs - before.usage.cpuMs) / orders).toFixed(2)} ms` : 'unknown';
      report(
        `${what}, after ${confirmedCount} orders: ${perSecond.toFixed(0)} a second, the database's CPU for one ${cpuMs}`,
      );
    }
    isOver = true;
    await Promise.all(lanes);
    for (const sender of senders) sender.close();
  });
}

const usage = async (pid: number | undefined) => (pid === undefined ? undefined : await usageOf(pid));

try {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '50' },
      turns: { type: 'string', default: '1' },
      'in-flight': { type: 'string', default: '256' },
    },
  });
  for (let index = 0; index < Number(values.turns); index += 1) {
    for (const what of Object.keys(makers) as (keyof typeof makers)[]) {
      await turn(what, Number(values.seconds), Number(values['in-flight']));
    }
  }
} catch (error) {
  reportProblem(error);
  process.exitCode = 3;
}
