// A process with a journal on a short stream and one on a long stream: the same operations, in the same code, on either.

import { paymentRules } from '../../../services/payment/domain/rules.ts';
import { createJournal, createMongoStore, type Journal } from '../../../shared/journal/index.ts';
import { connectDatabase, type Database } from '../../../shared/mongo/index.ts';
import { createLog, createSystemClock, createSystemRandom } from '../../../shared/runtime/index.ts';
import { createRecorder } from '../latencies.ts';
import { servePart } from '../part.ts';
import { localOf, type Window } from '../window.ts';
import type { StreamTask } from './grown.ts';
import {
  appendDeposits,
  beginDeposits,
  depositAccounts,
  depositEntity,
  depositKey,
  depositOf,
} from './long-stream.ts';
import type { StreamAnswer, StreamQuestion, StreamSetup } from './stream-messages.ts';

interface OpenStream {
  readonly journal: Journal;
  readonly database: Database;
  /** Deposits so far. */
  count: number;
  /** Reads walk through the stream by this step, which shares no divisor with most lengths: they meet old and new alike. */
  asked: number;
}

/** With a deposit they make ten entries. */
const shortAccounts = 9;
const readStep = 7_919;

servePart<StreamSetup, StreamQuestion, StreamAnswer>(async ({ databaseUri, databasePrefix }) => {
  const log = createLog('bench', 'warn');
  const random = createSystemRandom();
  let shortCount = 0;
  let longCount = 0;
  let long: OpenStream | undefined;

  async function open(name: string, count: number): Promise<OpenStream> {
    const database = await connectDatabase({
      uri: databaseUri,
      databaseName: `${databasePrefix}${name}`,
      log,
    });
    const journal = await createJournal({
      database: database.db,
      rules: paymentRules,
      owner: 'payment',
      streamCount: 1,
      writer: `bench-${random.name(4)}`,
      clock: createSystemClock(),
      random,
      log,
    });
    return { journal, database, count, asked: 0 };
  }

  async function close({ journal, database }: OpenStream): Promise<void> {
    await journal.close();
    await database.close();
  }

  async function openShort(): Promise<OpenStream> {
    shortCount += 1;
    const stream = await open(`short_${shortCount}`, 1);
    await beginDeposits(stream.journal, shortAccounts);
    return stream;
  }

  async function fill(entries: number): Promise<void> {
    const stream = await open('long', 0);
    longCount = entries + 1;
    const states = await beginDeposits(stream.journal, depositAccounts);
    await appendDeposits(createMongoStore(stream.database.db), states, entries);
    await close(stream);
  }

  async function once(stream: OpenStream, task: StreamTask, accounts: number): Promise<void> {
    switch (task) {
      case 'append': {
        const number = stream.count;
        stream.count += 1;
        // To the same few accounts on either stream: how long an account takes that is met for the first time, `read-state` shows,
        // and on a slow machine a window would hold nothing else.
        await stream.journal.submit(depositOf(number, shortAccounts));
        return;
      }
      case 'find-key': {
        stream.asked += readStep;
        const found = await stream.journal.readKey(depositKey(stream.asked % stream.count));
        if (!found) throw new Error('a deposit is not there');
        return;
      }
      case 'read-state': {
        stream.asked += readStep;
        const state = await stream.journal.readState(depositEntity(stream.asked, accounts));
        if (!state) throw new Error('an account is not there');
        return;
      }
    }
  }

  async function measure(stream: OpenStream, task: StreamTask, accounts: number, window: Window) {
    const { fromMs, untilMs } = localOf(window);
    const recorder = createRecorder();
    for (let beganAtMs = performance.now(); beganAtMs < untilMs; beganAtMs = performance.now()) {
      await once(stream, task, accounts);
      if (beganAtMs >= fromMs) recorder.add(performance.now() - beganAtMs);
    }
    return recorder.counted();
  }

  return {
    async answer(question) {
      const beganAtMs = performance.now();
      const answer = (counted = createRecorder().counted()) => ({
        tookMs: performance.now() - beganAtMs,
        counted,
      });
      switch (question.do) {
        case 'fill':
          await fill(question.entries);
          return answer();
        case 'open': {
          const first = await open('long', longCount);
          const opened = answer();
          await first.journal.checkpoint();
          await close(first);
          long = await open('long', longCount);
          return opened;
        }
        case 'task': {
          const { stream: which, task, window } = question;
          if (which === 'long') {
            if (!long) throw new Error('there is no long stream');
            return answer(await measure(long, task, depositAccounts, window));
          }
          const short = await openShort();
          try {
            return answer(await measure(short, task, shortAccounts, window));
          } finally {
            await close(short);
          }
        }
      }
    },
    close: async () => {
      if (long) await close(long);
    },
  };
});
