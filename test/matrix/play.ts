// One run of a scenario under strikes: the shop opens, callers ask, the strikes strike, everything comes up again, everybody
// asks once more, and the judge looks. Deterministic: one case, one history.

import type { InvariantLine } from '../../cli/audit/verdicts.ts';
import { createCallers } from '../simulation/callers.ts';
import { createHistory } from '../simulation/history.ts';
import { judge } from '../simulation/judge.ts';
import { createLedger, type Ledger } from '../simulation/ledger.ts';
import { createProcessLog } from '../simulation/log.ts';
import { createProcess } from '../simulation/process.ts';
import { openingRequests, requestOf } from '../simulation/requests.ts';
import { createScheduler } from '../simulation/scheduler.ts';
import { createSuite } from '../simulation/suite.ts';
import { calm } from '../simulation/weather.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { endingOf } from './ending.ts';
import { type Invariant, shownBy } from './invariants.ts';
import { type Ask, orderDeadlineMs, type Scenario, seedOf } from './scenario.ts';
import { strangersRead } from './strangers.ts';
import { createStriker, type Reach, type Strike } from './striker.ts';
import { isOfASuite } from './whereabouts.ts';

export interface Play {
  /** Empty: everything held. */
  readonly failures: readonly string[];
  readonly reached: readonly Reach[];
  /** In the words of ending.ts. */
  readonly ending: string;
  /** The invariants that this run says something of. */
  readonly shown: readonly Invariant[];
  /** What happened, a line for each thing. Written when it is asked for: most runs have nobody who reads theirs. */
  history(): readonly string[];
}

const startMs = Date.UTC(2026, 10, 24, 12);
/** Past the deadline of every order, of every caller and of every attempt of a step. */
const lateMs = orderDeadlineMs + 2_000;
/** After the last answer: deadlines, everything that is on its way late, the sweepers' grace. Then all must be at rest. */
const restMsMax = 4 * lateMs;
const lookEveryMs = 500;
/** Of reading what others wrote: a few round trips. */
const followMsMax = 2_000;
/** Of the last question to each caller. */
const patient = { budgetMs: 20_000, tries: 20 };

export interface PlayOptions {
  readonly callerCount: 1 | 2;
  readonly strikes: readonly Strike[];
  /** Which of some equally possible runs: how long each message takes. */
  readonly variant: number;
}

export async function play(
  scenario: Scenario,
  { callerCount, strikes, variant }: PlayOptions,
): Promise<Play> {
  const { plan, script } = scenario;
  const failures: string[] = [];
  const luck = seededRandom(seedOf(`callers ${callerCount}, variant ${variant}`));
  const scheduler = createScheduler(startMs);
  const history = createHistory(scheduler.nowMs);
  const { cut } = scenario;
  let isCut = cut !== undefined;
  const striker = createStriker({
    scheduler,
    history,
    strikes,
    turn: scenario.turn,
    lateMs,
    isSilent: seedOf(strikes.map(({ point, fault }) => `${point} ${fault}`).join()) % 2 === 0,
  });
  const complain = (complaint: string) => void failures.push(complaint);
  const suite = createSuite({
    scheduler,
    luck,
    history,
    streamCount: plan.streamCount,
    orderDeadlineMs: plan.orderDeadlineMs,
    attentionAfterMs: plan.attentionAfterMs,
    cacheSize: plan.cacheSize,
    processesPerService: callerCount,
    meddling: striker,
    weather: () => calm,
    isStoreAway: () => false,
    isCut: (from, service) => isCut && service === cut?.service && isOfASuite(from),
    complain,
  });
  const ledger = createLedger();
  const callers = Array.from({ length: callerCount }, (_, index) => callerOf(`caller-${index + 1}`, ledger));
  const [first] = callers as [(typeof callers)[0]];
  const { clock } = first.process;
  let ending = '';
  let shown: Invariant[] = [];

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

  function callerOf(name: string, told: Ledger) {
    const process = createProcess(name, { scheduler, luck });
    const log = createProcessLog(process, history, complain);
    return { process, ...createCallers({ process, network: suite.network, ledger: told, log }) };
  }

  const isUp = () =>
    striker.isQuiet() && suite.machines.every((each) => each.server() && !each.process().isPaused());

  /** What nobody finished and nobody waits for. A reservation that is held for ever waits for its caller. */
  function open(): string[] {
    return suite.machines.flatMap((machine) =>
      [...(machine.journal()?.openEntities() ?? [])].flatMap(([entity, { state }]) =>
        state['status'] === 'requested' && !('expiresAt' in state) && !isOfAnOrder(entity) ? [] : [entity],
      ),
    );
  }

  /** Every process knows what the others wrote; false when one of them was killed meanwhile, and never answers. */
  async function haveFollowed(): Promise<boolean> {
    const followed = Promise.all(suite.machines.map((machine) => machine.journal()?.follow()));
    return Promise.race([followed.then(() => true), clock.sleep(followMsMax).then(() => false)]);
  }

  async function comeToRest(): Promise<void> {
    const untilMs = clock.nowMs() + restMsMax;
    for (;;) {
      await clock.sleep(lookEveryMs);
      if (isUp() && (await haveFollowed()) && isUp() && open().length === 0) return;
      if (clock.nowMs() < untilMs) continue;
      failures.push(`I5 ${open()[0] ?? 'a process'} is not at rest ${restMsMax} ms after the last answer`);
      return;
    }
  }

  async function follow(): Promise<void> {
    let answered: Promise<unknown> = Promise.resolve();
    const ask = ({ command }: Ask) =>
      Promise.all(callers.map((caller) => caller.ask(requestOf(plan, command), command)));
    for (const each of script) {
      const before = answered;
      // A strike may have made sure that the mark is never passed.
      if (each.at) await Promise.race([striker.passed(each.at), before]);
      else if (each !== script[0]) await before.then(comeToRest);
      answered = Promise.all([before, ask(each)]);
    }
    await answered;
    await comeToRest();
    striker.disarm();
  }

  try {
    await until(serve());
    if (scenario.strikesOpening) striker.arm(suite);
    await until(openShop());
    striker.arm(suite);
    if (cut) void striker.passed(cut.until).then(() => (isCut = false));
    await until(follow());
    if (failures.length === 0) await until(judgeAll());
    ending = await until(endingOf(plan, suite, ledger));
  } catch (error) {
    failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  /** Everybody asks once more; then answers, books and audits are compared. */
  async function judgeAll(): Promise<void> {
    const hasUndone = striker.reached.some(({ phase }) => phase === 'compensation');
    const onVerdicts = (lines: readonly InvariantLine[]) => {
      shown = shownBy({ lines, askedAgain: ledger.accounts().length, spiedOn, hasUndone });
    };
    const { tries, lies } = await strangersRead(first, ledger);
    const orders = ledger.accounts().filter(({ request }) => request.method.name === 'PlaceOrder');
    const spiedOn = tries + orders.length;
    failures.push(...lies);
    failures.push(...(await judge({ plan, suite, callers: first, ledger, onVerdicts })));
  }

  async function serve(): Promise<void> {
    while (!isUp()) await clock.sleep(lookEveryMs);
  }

  async function openShop(): Promise<void> {
    // Nothing is struck while others open the shop, so it is not asked about again.
    const asking = scenario.strikesOpening ? callers : [callerOf('opener-1', createLedger())];
    const requests = openingRequests(plan);
    await Promise.all(asking.flatMap((caller) => requests.map((request) => caller.ask(request, patient))));
  }

  for (const { point, fault } of striker.unstruck()) failures.push(`never struck: ${fault} ${point}`);
  for (const what of striker.unannounced()) failures.push(`no failpoint stands before ${what}`);
  const isLate = strikes.some(({ fault }) => fault === 'too late');
  const endings = [...scenario.endings, ...(isLate ? scenario.lateEndings : [])];
  if (failures.length === 0 && !endings.includes(ending)) failures.push(`it ended otherwise: ${ending}`);
  for (const machine of suite.machines) machine.process().kill();
  return { failures, reached: striker.reached, ending, shown, history: history.lines };
}

/** The order service's own reservations: an order that is at rest leaves none open. */
function isOfAnOrder(entity: string): boolean {
  return entity.startsWith('reservation/order/');
}
