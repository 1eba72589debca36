// How each measurement is done. Which there are, and in which order: plan.ts.

import type { BareAnswer, BareQuestion } from './bare/messages.ts';
import type { Spread } from './goods.ts';
import { countOf, percentilesOf } from './latencies.ts';
import type { Fleet } from './load/fleet.ts';
import type { Load, LoadAnswer } from './load/messages.ts';
import type { Measured } from './measured.ts';
import type { Watched } from './meter.ts';
import type { Part } from './part.ts';
import type { PhaseName } from './plan.ts';
import type { RawAnswer, RawQuestion } from './raw/messages.ts';
import type { Site } from './site.ts';
import { secondsOf } from './window.ts';
import { measuredOf, within } from './within.ts';

export interface Bench {
  readonly site: Site;
  readonly fleet: Fleet;
  readonly raw: Part<RawQuestion, RawAnswer>;
  readonly bare: Part<BareQuestion, BareAnswer>;
  readonly echo: Part<'where', string>;
  /** Of the closed loops; shorter ones take a part of it. */
  readonly seconds: number;
}

/** Measures for so many seconds. `earlier`: what this round has measured before. */
export type Run = (
  bench: Bench,
  name: PhaseName,
  seconds: number,
  earlier: ReadonlyMap<PhaseName, Measured>,
) => Promise<Measured>;

/** Of the closed loop's orders a second. With nine duplicates each it makes three times the calls that the loop made. */
const mixShare = 0.3;
const mixDuplicates = 9;

export const runOf: Readonly<Record<PhaseName, Run>> = {
  'insert-small': inserts('small'),
  'insert-entry': inserts('entry'),
  alone: places('spread', 1),
  echo: echoes,
  'closed-32': places('spread', 32),
  'bare-32': bare(32),
  repeats: repeats('latest'),
  'old-repeats': repeats('oldest'),
  mix,
  'closed-128': places('spread', 128),
  'hot-128': places('hot', 128),
  'bare-128': bare(128),
};

function places(spread: Spread, inFlight: number): Run {
  return (bench, name, seconds) => measureOrders(bench, name, { kind: 'place', spread, inFlight }, seconds);
}

/** A closed loop of new orders, until the last of them is settled. */
export async function measureOrders(
  { site, fleet }: Pick<Bench, 'site' | 'fleet'>,
  name: string,
  load: Load,
  seconds: number,
): Promise<Measured> {
  const entriesBefore = await site.entryCount();
  const { answers, window, before, after } = await putLoad({ site, fleet }, load, seconds);
  const settledMs = await site.atRest();
  const confirmedCount = answers.reduce((sum, answer) => sum + answer.confirmedCount, 0);
  const entries = (await site.entryCount()) - entriesBefore;
  const placed = answers.map((answer) => answer.placed);
  return {
    ...measuredOf(name, window, placed, watchedOf({ site, fleet }), before, after),
    odd: oddOf(answers),
    confirmedCount,
    settledMs,
    ...(confirmedCount === 0 ? {} : { documentsPerOrder: entries / confirmedCount }),
  };
}

function repeats(of: 'latest' | 'oldest'): Run {
  return async (bench, name, seconds) => {
    const { answers, window, before, after } = await putLoad(
      bench,
      { kind: 'repeat', of, inFlight: 32 },
      seconds,
    );
    return {
      ...measuredOf(
        name,
        window,
        answers.map(({ repeated }) => repeated),
        watchedOf(bench),
        before,
        after,
      ),
      odd: oddOf(answers),
    };
  };
}

async function echoes(bench: Bench, name: PhaseName, seconds: number): Promise<Measured> {
  const address = await bench.echo.ask('where');
  const { answers, window, before, after } = await putLoad(
    bench,
    { kind: 'echo', address, inFlight: 32 },
    seconds,
  );
  return {
    ...measuredOf(
      name,
      window,
      answers.map(({ repeated }) => repeated),
      watchedOf(bench),
      before,
      after,
    ),
    odd: oddOf(answers),
  };
}

async function mix(
  bench: Bench,
  name: PhaseName,
  seconds: number,
  earlier: ReadonlyMap<PhaseName, Measured>,
): Promise<Measured> {
  const perSecond = (earlier.get('closed-32')?.perSecond ?? 0) * mixShare;
  const load: Load = { kind: 'mix', perSecond, duplicates: mixDuplicates };
  const { answers, window, before, after } = await putLoad(bench, load, seconds);
  const settledMs = await bench.site.atRest();
  const repeated = answers.map((answer) => answer.repeated);
  const latency = percentilesOf(repeated);
  const count = countOf(repeated);
  return {
    ...measuredOf(
      name,
      window,
      answers.map(({ placed }) => placed),
      watchedOf(bench),
      before,
      after,
    ),
    offeredPerSecond: perSecond,
    duplicates: { count, perSecond: count / secondsOf(window), ...(latency ? { latency } : {}) },
    odd: oddOf(answers),
    settledMs,
  };
}

function inserts(document: 'small' | 'entry'): Run {
  return async (bench, name, seconds) => {
    const watched: Watched = [['insert', bench.raw.pid], ...watchedOf(bench)];
    const { answer, window, before, after } = await within(watched, seconds, (within) =>
      bench.raw.ask({ document, window: within }),
    );
    return { ...measuredOf(name, window, [answer], watched, before, after), odd: {} };
  };
}

function bare(inFlight: number): Run {
  return async (bench, name, seconds) => {
    const watched: Watched = [['bare', bench.bare.pid], ...watchedOf(bench)];
    const { answer, window, before, after } = await within(watched, seconds, (within) =>
      bench.bare.ask({ inFlight, limit: within }),
    );
    const { placed, settledMs } = answer;
    return { ...measuredOf(name, window, [placed], watched, before, after), odd: {}, settledMs };
  };
}

export function watchedOf({ site, fleet }: Pick<Bench, 'site' | 'fleet'>): Watched {
  return [
    ...site.watched(),
    ...fleet.pids.map((pid): [string, number] => ['load', pid]),
    ['bench', process.pid],
  ];
}

async function putLoad(bench: Pick<Bench, 'site' | 'fleet'>, load: Load, seconds: number) {
  const { answer: answers, ...rest } = await within(watchedOf(bench), seconds, (window) =>
    bench.fleet.put(load, window),
  );
  return { answers, ...rest };
}

function oddOf(answers: readonly LoadAnswer[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { odd } of answers) {
    for (const [what, count] of Object.entries(odd)) all[what] = (all[what] ?? 0) + count;
  }
  return all;
}
