// One run of the simulation: a plan in, what was wrong out. The same plan gives the same run, byte for byte.
//
//   open    Items are put and accounts opened while nothing goes wrong.
//   storm   Callers ask, the weather is bad, processes crash, pause and jump.
//   calm    Everything is up again and stays up. Time passes until every saga is at rest; it must be, soon.
//   judge   Every request is asked once more, then the books, the audits and the callers' answers are compared.

import { seededRandom } from '../support/seeded-random.ts';
import { createCallers } from './callers.ts';
import { createHistory } from './history.ts';
import { createIncidents } from './incidents.ts';
import { judge } from './judge.ts';
import { createLedger } from './ledger.ts';
import { createProcessLog } from './log.ts';
import { type Plan, stormMs } from './plan.ts';
import { createProcess } from './process.ts';
import { createReadings, isReading } from './readings.ts';
import { openingRequests, requestOf, retryRequest } from './requests.ts';
import { createRest } from './rest.ts';
import { createScheduler } from './scheduler.ts';
import { createSuite, type Suite } from './suite.ts';
import { calm } from './weather.ts';

export interface Run {
  /** Empty: everything held. */
  readonly failures: readonly string[];
  readonly history: readonly string[];
  readonly counts: Counts;
}

/** How much a run had to say. `charges`: at the card provider. */
export interface Counts {
  readonly events: number;
  readonly requests: number;
  readonly orders: number;
  readonly charges: number;
}

const startMs = Date.UTC(2026, 10, 24, 12);
const patient = { budgetMs: 20_000, tries: 20 };

export async function simulate(plan: Plan): Promise<Run> {
  const failures: string[] = [];
  const luck = seededRandom(plan.luck);
  const scheduler = createScheduler(startMs);
  const history = createHistory(scheduler.nowMs);
  let weather = calm;
  const complain = (complaint: string) => void failures.push(complaint);
  const incidents = createIncidents({ scheduler, history, machines: () => suite.machines });
  const suite: Suite = createSuite({
    scheduler,
    luck,
    history,
    streamCount: plan.streamCount,
    orderDeadlineMs: plan.orderDeadlineMs,
    attentionAfterMs: plan.attentionAfterMs,
    cacheSize: plan.cacheSize,
    ...(plan.cards ? { cards: plan.cards } : {}),
    weather: () => weather,
    isStoreAway: incidents.isStoreAway,
    isProviderAway: incidents.isProviderAway,
    isCut: incidents.isCut,
    darkMs: incidents.darkMs,
    complain,
  });
  const ledger = createLedger();
  const process = createProcess('callers', { scheduler, luck });
  const log = createProcessLog(process, history, complain);
  const callers = createCallers({ process, network: suite.network, ledger, log });
  const readings = createReadings({ plan, process, network: suite.network, callers, ledger });
  // A card's refund that was refused, or was never made, waits for a person: nothing else may.
  const refundsLines = plan.commands.some(({ kind }) => kind === 'refundLines');
  const needsOperator = plan.wishes.some(({ card }) => card === 'refundFailsFirst' || (card && refundsLines));
  let retryCount = 0;
  const operate = (orders: readonly string[]) =>
    Promise.all([...new Set(orders)].map((order) => callers.ask(retryRequest(order, ++retryCount), patient)));
  const rest = createRest({
    suite,
    process,
    darkMs: incidents.darkMs,
    operate: needsOperator ? operate : undefined,
  });

  /** Lets things happen until `work` is done. */
  async function until<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    done.catch(() => undefined);
    await scheduler.runUntil(() => isDone);
    return done;
  }

  async function comeToRest(): Promise<void> {
    const open = await rest.come();
    if (open !== undefined) failures.push(`I5 ${open} does not come to rest after the storm`);
  }

  try {
    await until(rest.allServe());
    await until(Promise.all(openingRequests(plan).map((request) => callers.ask(request, patient))));
    const asked = plan.commands.flatMap((command) => {
      const request = isReading(command) ? undefined : requestOf(plan, command);
      return Array.from({ length: command.copies }, async (_, copy) => {
        await process.clock.sleep(command.atMs + copy * luck.whole(0, 3));
        if (request) await callers.ask(request, command);
        else await readings.read(command);
      });
    });
    weather = plan.weather;
    incidents.begin(plan.incidents);
    await until(process.clock.sleep(stormMs + luck.whole(0, 2_000)));
    weather = calm;
    incidents.end();
    history.note('calm');
    await until(Promise.all(asked));
    await until(comeToRest());
    // Whoever slept through it all wakes up and goes on where it was.
    if (await until(rest.allServe())) await until(comeToRest());
    // Those who gave up without an answer come back, once all is well; what they now begin comes to rest, too.
    const unanswered = ledger.accounts().filter(({ definite }) => !definite);
    await until(Promise.all(unanswered.map(({ request }) => callers.ask(request, patient))));
    if (unanswered.length > 0) await until(comeToRest());
    await until(rest.sweep());
    if (failures.length === 0) failures.push(...(await until(judge({ plan, suite, callers, ledger }))));
    if (failures.length === 0) failures.push(...(await until(readings.lies())));
  } catch (error) {
    failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  for (const machine of suite.machines) machine.process().kill();
  const accounts = ledger.accounts();
  return {
    failures,
    history: history.lines(),
    counts: {
      events: scheduler.eventCount,
      requests: accounts.length,
      orders: accounts.filter(({ request }) => request.method.name === 'PlaceOrder').length,
      charges: suite.provider.books.intents().filter(({ status }) => status === 'succeeded').length,
    },
  };
}
