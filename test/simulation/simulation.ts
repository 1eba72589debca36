// One run of the simulation: a plan in, what was wrong out. The same plan gives the same run, byte for byte.
//
//   open    Items are put and accounts opened while nothing goes wrong.
//   storm   Callers ask, the weather is bad, processes crash, pause and jump.
//   calm    Everything is up again and stays up. Time passes until every saga is at rest; it must be, soon.
//   judge   Every request is asked once more, then the books, the audits and the callers' answers are compared.

import { seededRandom } from '../support/seeded-random.ts';
import { createCallers } from './callers.ts';
import { createHistory } from './history.ts';
import { judge } from './judge.ts';
import { createLedger } from './ledger.ts';
import { createProcessLog } from './log.ts';
import { type Incident, jumpMsMax, type Plan, stormMs } from './plan.ts';
import { createProcess } from './process.ts';
import { openingRequests, requestOf } from './requests.ts';
import { createScheduler } from './scheduler.ts';
import { createSuite, serviceNames } from './suite.ts';
import { calm } from './weather.ts';

export interface Run {
  /** Empty: everything held. */
  readonly failures: readonly string[];
  readonly history: readonly string[];
  readonly counts: { readonly events: number; readonly requests: number; readonly orders: number };
}

const startMs = Date.UTC(2026, 10, 24, 12);
/** Of the calm: the longest deadline, the longest pause that began in the storm, and what clocks that were wrong put off. */
const restMsMax = 400_000 + jumpMsMax;
/** Between two looks whether everything is at rest. */
const lookEveryMs = 1_000;
/** How long the inventory's sweeper may need after the last saga: its grace and two turns. */
const sweepMs = 20_000;
const patient = { budgetMs: 20_000, tries: 20 };

export async function simulate(plan: Plan): Promise<Run> {
  const failures: string[] = [];
  const luck = seededRandom(plan.luck);
  const scheduler = createScheduler(startMs);
  const history = createHistory(scheduler.nowMs);
  let weather = calm;
  const awayUntilMs = new Map<string, number>();
  const cutUntilMs = new Map<string, number>();

  const suite = createSuite({
    scheduler,
    luck,
    history,
    streamCount: plan.streamCount,
    orderDeadlineMs: plan.orderDeadlineMs,
    attentionAfterMs: plan.attentionAfterMs,
    cacheSize: plan.cacheSize,
    weather: () => weather,
    isStoreAway: (service) => (awayUntilMs.get(service) ?? 0) > scheduler.nowMs(),
    isCut: (from, service) =>
      (cutUntilMs.get(`${from.name.split('#')[0]} ${service}`) ?? 0) > scheduler.nowMs(),
    complain: (complaint) => failures.push(complaint),
  });
  const ledger = createLedger();
  const process = createProcess('callers', { scheduler, luck });
  const log = createProcessLog(process, history, (complaint) => failures.push(complaint));
  const callers = createCallers({ process, network: suite.network, ledger, log });

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

  function wreak(incident: Incident): void {
    history.note('incident:', JSON.stringify(incident));
    const machine = suite.machines['machine' in incident ? incident.machine : 0];
    if (!machine) return;
    switch (incident.kind) {
      case 'crash':
        machine.kill();
        scheduler.after(incident.durationMs, machine.start);
        break;
      case 'pause':
        machine.process().pauseFor(incident.durationMs);
        break;
      case 'jump':
        machine.process().jump(incident.byMs);
        break;
      case 'database away':
        awayUntilMs.set(serviceNames[incident.service] ?? '', scheduler.nowMs() + incident.durationMs);
        break;
      case 'cut':
        cutUntilMs.set(
          `${machine.name} ${incident.service === 0 ? 'inventory' : 'payment'}`,
          scheduler.nowMs() + incident.durationMs,
        );
    }
  }

  async function allServe(): Promise<void> {
    while (suite.machines.some((machine) => !machine.server() || machine.process().isPaused())) {
      await process.clock.sleep(lookEveryMs);
    }
  }

  async function comeToRest(): Promise<void> {
    const untilMs = process.clock.nowMs() + restMsMax;
    for (;;) {
      await process.clock.sleep(lookEveryMs);
      const isOver = process.clock.nowMs() > untilMs;
      const orders = suite.machines.filter(({ service }) => service === 'order');
      await Promise.all(orders.map((machine) => machine.journal()?.follow()));
      const open = orders.flatMap((machine) => [...(machine.journal()?.openEntities().keys() ?? [])]);
      if (open.length === 0) break;
      if (!isOver) continue;
      failures.push(`I5 ${open[0]} is not at rest ${restMsMax} ms after the storm`);
      return;
    }
    await process.clock.sleep(sweepMs);
  }

  try {
    await until(allServe());
    await until(Promise.all(openingRequests(plan).map((request) => callers.ask(request, patient))));
    const asked = plan.commands.flatMap((command) =>
      Array.from({ length: command.copies }, async (_, copy) => {
        await process.clock.sleep(command.atMs + copy * luck.whole(0, 3));
        await callers.ask(requestOf(plan, command), command);
      }),
    );
    weather = plan.weather;
    for (const incident of plan.incidents) scheduler.after(incident.atMs, () => wreak(incident));
    await until(process.clock.sleep(stormMs + luck.whole(0, 2_000)));
    weather = calm;
    awayUntilMs.clear();
    cutUntilMs.clear();
    for (const machine of suite.machines) machine.process().setClockRight();
    history.note('calm');
    await until(Promise.all(asked));
    await until(comeToRest());
    // Whoever slept through it all wakes up and goes on where it was.
    await until(allServe());
    await until(comeToRest());
    // Those who gave up without an answer come back, once all is well; what they now begin comes to rest, too.
    const unanswered = ledger.accounts().filter(({ definite }) => !definite);
    await until(Promise.all(unanswered.map(({ request }) => callers.ask(request, patient))));
    if (unanswered.length > 0) await until(comeToRest());
    if (failures.length === 0) failures.push(...(await until(judge({ plan, suite, callers, ledger }))));
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
    },
  };
}
