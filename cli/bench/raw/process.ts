// A process that inserts one document after the other, durably, with the driver's options of the services and no service.

import { connectDatabase } from '../../../shared/mongo/index.ts';
import { createLog } from '../../../shared/runtime/index.ts';
import { createBareOrders } from '../bare/appends.ts';
import { openJournals, putGoodsIntoJournals } from '../bare/journals.ts';
import { orderOf } from '../goods.ts';
import { createRecorder } from '../latencies.ts';
import { servePart } from '../part.ts';
import { localOf } from '../window.ts';
import type { RawAnswer, RawQuestion, RawSetup } from './messages.ts';

/** A journal's entry, as far as a copy of it must differ. */
interface SomeEntry {
  _id: string;
  seq: number;
  keys: string[];
}

servePart<RawSetup, RawQuestion, RawAnswer>(async ({ databaseUri, databaseName }) => {
  const log = createLog('bench', 'warn');
  const { db, close } = await connectDatabase({ uri: databaseUri, databaseName, log });
  const small = db.collection<{ _id: string; number: number }>('small', { ignoreUndefined: true });
  await db.createCollection('small');
  const { entries, closeEntries } = await entryCollection(databaseUri, databaseName);
  let number = 0;

  async function insertSmall(): Promise<void> {
    number += 1;
    await small.insertOne({ _id: `small#${number}`, number });
  }

  return {
    async answer({ document, window }) {
      const insert = document === 'small' ? insertSmall : entries;
      const { fromMs, untilMs } = localOf(window);
      const recorder = createRecorder();
      for (let beganAtMs = performance.now(); beganAtMs < untilMs; beganAtMs = performance.now()) {
        await insert();
        if (beganAtMs >= fromMs) recorder.add(performance.now() - beganAtMs);
      }
      return recorder.counted();
    },
    async close() {
      await closeEntries();
      await close();
    },
  };
});

/**
 * Copies of the entry that a payment alone leaves, with other keys, into the collection of a real journal: its indexes are the
 * services'. The journal itself takes no part in it.
 */
async function entryCollection(databaseUri: string, databaseName: string) {
  const nameOf = (service: string) => `${databaseName}_${service}`;
  const journals = await openJournals(databaseUri, nameOf);
  await putGoodsIntoJournals(journals);
  const log = createLog('bench', 'warn');
  const orders = createBareOrders(journals, log);
  const { settled } = await orders.place({
    requestId: 'bench-raw-0',
    fingerprint: '',
    ...orderOf(0, 'spread'),
  });
  await settled;
  await orders.drain();
  await journals.close();
  const { db, close } = await connectDatabase({ uri: databaseUri, databaseName: nameOf('payment'), log });
  const entries = db.collection<SomeEntry>('journal', { ignoreUndefined: true });
  const entry = await entries.findOne({ keys: { $regex: '^req/[^/]*/CreatePayment/' } });
  if (!entry) throw new Error('the payment left no entry');
  let { seq } = entry;
  return {
    async entries() {
      seq += 1;
      const keys = entry.keys.map((key) => `${key}/${seq}`);
      await entries.insertOne({ ...entry, _id: `s0#${seq}`, seq, keys });
    },
    closeEntries: close,
  };
}
