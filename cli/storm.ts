// `twicesafe storm`: from nothing to a verdict. Takes or starts a suite, puts goods in, lets load and kills loose, heals,
// waits for rest, asks everything once more, judges, and says so.

import { mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createSystemClock, createSystemRandom } from '../shared/runtime/index.ts';
import { reportProblem, report as say } from './console.ts';
import { goodsOf } from './storm/goods.ts';
import { type HistoryWriter, openHistory } from './storm/history/write.ts';
import { judge } from './storm/judge.ts';
import { createStormClock } from './storm/load/clock.ts';
import { type Fleet, startFleet } from './storm/load/fleet.ts';
import { noCounts } from './storm/load/messages.ts';
import { createSamples } from './storm/load/samples.ts';
import { createSender } from './storm/load/sender.ts';
import type { StormOptions } from './storm/options.ts';
import { type LoadDone, putLoad } from './storm/put-load.ts';
import { cardsPart } from './storm/report/cards-part.ts';
import { commandFor, commitNow } from './storm/report/provenance.ts';
import type { StormReport } from './storm/report/report.ts';
import { writeReport } from './storm/report/write.ts';
import { closingScreen } from './storm/screen/closing.ts';
import { type Live, type Progress, type StormState, showLive } from './storm/screen/live.ts';
import { putGoodsIn, readGoods } from './storm/seed.ts';
import { type SettleStep, untilAtRest } from './storm/settle.ts';
import { openTarget, type Target } from './storm/target.ts';

/** Asking everything again takes less time than asking it first did; beyond this something hangs. */
const recheckMsMax = 15 * 60_000;
/** The plan draws from 32 bits. */
const seedMax = 2 ** 31;

/** Returns the exit code: 0 good, 1 a goal missed, 2 an invariant broken, 3 it could not be run or judged. */
export async function runStorm(options: StormOptions): Promise<number> {
  const stopping = new AbortController();
  // The first Ctrl-C ends the load early, and what was done by then is judged all the same.
  const stop = () => stopping.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  const files = {
    html: join(options.outDir, 'report.html'),
    json: join(options.outDir, 'report.json'),
    history: join(options.outDir, 'history.ndjson'),
  };
  let target: Target | undefined;
  let history: HistoryWriter | undefined;
  try {
    await mkdir(options.outDir, { recursive: true });
    // Whoever looks for a report after a storm that could not be judged must not find that of the last one.
    for (const file of Object.values(files)) await rm(file, { force: true });
    history = openHistory(files.history);
    const seed = options.seed ?? Math.floor(createSystemRandom().fraction() * seedMax);
    say(options.addresses ? 'nobody is killed at given addresses' : 'starting a suite of its own');
    target = await openTarget({
      options,
      seed,
      environment: process.env,
      signal: stopping.signal,
      report: () => undefined,
    });
    const report = await storm({ options, seed, target, history, files, signal: stopping.signal });
    await writeReport(report);
    say(closingScreen(report));
    return report.exitCode;
  } catch (error) {
    reportProblem(error);
    return 3;
  } finally {
    history?.close();
    await target?.stop();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  }
}

interface Storm {
  readonly options: StormOptions;
  readonly seed: number;
  readonly target: Target;
  readonly history: HistoryWriter;
  readonly files: StormReport['files'];
  readonly signal: AbortSignal;
}

async function storm({ options, seed, target, history, files, signal }: Storm): Promise<StormReport> {
  const random = createSystemRandom();
  const startedAt = createSystemClock().now();
  // On a suite of its own nothing was there before; elsewhere an earlier storm of the same seed may have been.
  const run = options.run ?? (options.addresses ? `storm-${random.name(4)}` : 'storm');
  const { instances, callers, operator, lostCount } = target;
  const [caller] = callers;
  if (!caller) throw new Error('A storm needs a caller.');
  const goods = goodsOf(run);
  const samples = createSamples();
  const originNs = process.hrtime.bigint();
  const clock = createStormClock(originNs);
  // Calls of this thread prepare and check; what they count is nobody's load.
  const uncounted = noCounts();
  const sender = createSender({ instances, history, clock, counts: () => uncounted });
  let fleet: Fleet | undefined;
  let live: Live | undefined;
  try {
    await putGoodsIn(sender, goods, run, caller, clock);
    const plan = { seed, run, callerCount: callers.length, goods, mix: options.mix };
    fleet = startFleet(
      { workerCount: options.workers, originNs, historyFile: files.history, instances, callers, plan },
      ({ counts, latenciesMs }) => samples.add(counts, latenciesMs, clock()),
    );
    const state = stateOf({ seed, samples, target, clock, durationMs: options.durationMs });
    live = await showLive(state, process.stdout.isTTY === true);
    const load = await putLoad({ options, seed, target, fleet, samples, state, clock, signal });
    const lost = lostCount();

    samples.enter('settling', clock());
    const settled = await untilAtRest({
      fleet,
      sender,
      operator,
      clock,
      healedAtMs: load.healedAtMs,
      onStep: (step) => showStep(state, step, fleet),
    });
    state.doing = 'asking every request once more, and reading every order';
    state.progress = () => requestsOf(fleet?.rechecked() ?? 0, fleet?.askable() ?? 0);
    await fleet.recheck(recheckMsMax);
    state.progress = () => undefined;
    state.doing = target.provider
      ? 'auditing the services, comparing the card provider’s books, and judging the history'
      : 'auditing the services, and judging the history';
    await readGoods(sender, goods, caller, clock);
    await fleet.close();
    history.flush();
    const { verdict, judged, compared } = await judge({
      options,
      target,
      load,
      settled,
      historyFile: files.history,
      startedAt,
    });
    return {
      schema: 'twicesafe-storm-report',
      version: 1,
      startedAt: startedAt.toISOString(),
      commit: await commitNow(),
      seed,
      run,
      command: commandFor(seed, process.argv.slice(3)),
      exitCode: verdict.exitCode,
      load: loadPart(load, lost),
      ...cardsPart({ options, target, judged, compared }),
      struck: load.struck,
      settle: settled,
      rechecked: fleet.rechecked(),
      history: { lineCount: judged.lineCount, checked: judged.checked },
      verdict,
      files: { ...files, html: relative('', files.html) || files.html },
      seconds: load.seconds,
    };
  } finally {
    live?.stop();
    sender.close();
    await fleet?.close();
  }
}

function stateOf(parts: {
  readonly seed: number;
  readonly samples: StormState['samples'];
  readonly target: Target;
  readonly clock: () => number;
  readonly durationMs: number;
}): StormState {
  const { seed, samples, target, clock, durationMs } = parts;
  const startMs = clock();
  return {
    seed,
    samples,
    doing: 'beginning',
    struck: [],
    lostCount: target.lostCount,
    ...(target.provider ? { provider: target.provider.behaved } : {}),
    nowMs: clock,
    progress: () => ({ done: clock() - startMs, of: durationMs, unit: 'ms' }),
  };
}

const requestsOf = (done: number, of: number): Progress => ({ done, of, unit: 'requests' });

function showStep(state: StormState, step: SettleStep, fleet: Fleet | undefined): void {
  if (step.step === 'waiting') {
    state.doing = `settling: ${step.openSagas} orders are still being carried to their end`;
    state.progress = () => undefined;
    return;
  }
  state.doing = 'settling: asking the requests that were left without an answer';
  state.progress = () => requestsOf(step.left - (fleet?.unanswered() ?? 0), step.left);
}

function loadPart(load: LoadDone, lostCount: number): StormReport['load'] {
  const { durationMs, ceilingPerSecond, excessShare, counts, latency, answeredPerSecond, phases } = load;
  return {
    durationMs,
    ceilingPerSecond,
    ...(excessShare === undefined ? {} : { excessShare }),
    counts,
    lostCount,
    answersMade: counts.heard + lostCount,
    latency,
    answeredPerSecond,
    amplification: counts.requests === 0 ? 0 : counts.calls / counts.requests,
    phases,
  };
}
