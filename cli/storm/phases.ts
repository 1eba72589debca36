// The phases of a storm's load, and what is read from them: the ceiling that a closed loop found, and whether goodput came
// back after an excess (I11). Pure.

import type { Load } from './load/messages.ts';
import type { Sample } from './load/samples.ts';
import type { LoadChoice } from './options.ts';

export interface Phase {
  readonly name: string;
  /** For people: what is going on now. */
  says(found: Found): string;
  readonly durationMs: number;
  load(found: Found): Load;
  /** Whether processes are killed in it. Never in an excess or after it: that would hide what the excess did. */
  readonly kills: boolean;
}

/** What the closed loop has shown so far, in answered requests a second. */
export interface Found {
  /** At its best, with everything up. */
  readonly ceiling: number;
  /** On average, processes that were down and orders that had to wait for them included. */
  readonly usual: number;
}

/** Of what was found: a load that leaves room for duplicates, and while somebody kills, for what is down. */
const steadyShare = 0.5;
const excessTimes = 3;
const rampSteps = 10;
/**
 * The phases after the closed loop do not grow with a long storm: what they show is seen within these, and a longer
 * excess would only pile up more requests that are asked again at the end.
 */
const phaseMsMax = { steady: 60_000, excess: 20_000, recovery: 30_000 };

export function phasesOf(choice: LoadChoice, durationMs: number): Phase[] {
  switch (choice.kind) {
    case 'closed':
      return [closed('closed loop', choice.inFlight, durationMs)];
    case 'open': {
      const { perSecond } = choice;
      return [open('open loop', durationMs, true, () => perSecond, 'open loop')];
    }
    case 'ramp':
      return Array.from({ length: rampSteps }, (_, step) => {
        const perSecond = Math.round((choice.perSecondMax * (step + 1)) / rampSteps);
        return open(`ramp ${perSecond}/s`, durationMs / rampSteps, true, () => perSecond, 'ramp');
      });
    case 'mix':
      return mixOf(choice.inFlight, durationMs);
  }
}

function mixOf(inFlight: number, durationMs: number): Phase[] {
  const steadyMs = Math.min(durationMs * 0.15, phaseMsMax.steady);
  const excessMs = Math.min(durationMs * 0.12, phaseMsMax.excess);
  const recoveryMs = Math.min(durationMs * 0.2, phaseMsMax.recovery);
  const half = ({ ceiling }: Found) => ceiling * steadyShare;
  return [
    closed('storm', inFlight, durationMs - steadyMs - excessMs - recoveryMs),
    open('steady', steadyMs, true, ({ usual }) => usual * steadyShare, 'open loop at half of that'),
    {
      ...open('excess', excessMs, false, ({ ceiling }) => ceiling * excessTimes, 'three times the ceiling'),
      load: ({ ceiling }) => ({
        kind: 'open',
        perSecond: rateOf(ceiling * excessTimes),
        endsWithPhase: true,
      }),
    },
    open('recovery', recoveryMs, false, half, 'half the ceiling'),
  ];
}

function closed(name: string, inFlight: number, durationMs: number): Phase {
  return {
    name,
    durationMs,
    kills: true,
    says: () => `closed loop, ${inFlight} requests at once`,
    load: () => ({ kind: 'closed', inFlight }),
  };
}

function open(
  name: string,
  durationMs: number,
  kills: boolean,
  perSecondAt: (found: Found) => number,
  words: string,
): Phase {
  return {
    name,
    durationMs,
    kills,
    says: (found) => `${words}, ${rateOf(perSecondAt(found))} requests a second`,
    load: (found) => ({ kind: 'open', perSecond: rateOf(perSecondAt(found)), endsWithPhase: false }),
  };
}

function rateOf(perSecond: number): number {
  return Math.max(1, Math.round(perSecond));
}

/** One second can be luck; three in a row are a capacity. */
const ceilingSeconds = 3;

const ofClosedLoop = ({ phase }: Sample) => phase === 'storm' || phase === 'closed loop';

export function foundIn(seconds: readonly Sample[]): Found {
  const closedLoop = seconds.filter(ofClosedLoop);
  const answered = closedLoop.reduce((sum, sample) => sum + sample.answered, 0);
  return { ceiling: ceilingOf(seconds), usual: closedLoop.length === 0 ? 0 : answered / closedLoop.length };
}

/** Answered requests a second that the closed loop reached, at its best. */
export function ceilingOf(seconds: readonly Sample[]): number {
  const closedLoop = seconds.filter(ofClosedLoop);
  let best = 0;
  for (let index = 0; index + ceilingSeconds <= closedLoop.length; index += 1) {
    const window = closedLoop.slice(index, index + ceilingSeconds);
    best = Math.max(best, window.reduce((sum, { answered }) => sum + answered, 0) / ceilingSeconds);
  }
  return Math.round(best);
}

/**
 * Goodput in the excess as a part of the ceiling; undefined when there was none. Its first second is the way in, its last
 * one may be cut short. No goal of a storm: on one machine the load, its proxies and a full database share what is measured.
 */
export function excessShareOf(seconds: readonly Sample[], ceiling: number): number | undefined {
  const inside = seconds.filter(({ phase }) => phase === 'excess').slice(1, -1);
  if (inside.length === 0 || ceiling === 0) return undefined;
  return inside.reduce((sum, { answered }) => sum + answered, 0) / inside.length / ceiling;
}

/** What must be back, and how soon after the excess stopped. */
const backShare = 0.95;
const backSecondsMax = 10;
/** So many seconds in a row: one good second can be a backlog that drains. */
const backInARow = 2;
/** And on average from then on to the end: what comes back only to fall again is not back. A bad second may come. */
const staysShare = 0.8;

export type Recovery =
  | { readonly verdict: 'not examined'; readonly reason: string }
  | {
      readonly verdict: 'holds' | 'broken';
      readonly reason: string;
      readonly backAfterSeconds: number | undefined;
    };

export function recoveryOf(seconds: readonly Sample[], ceiling: number): Recovery {
  const after = seconds.filter(({ phase }) => phase === 'recovery').slice(0, -1);
  if (after.length < backInARow + 2)
    return { verdict: 'not examined', reason: 'no recovery after an excess was long enough' };
  const offered = ceiling * steadyShare;
  const isBack = ({ answered }: Sample) => answered >= offered * backShare;
  const back = after.findIndex((_, index) => {
    const row = after.slice(index, index + backInARow);
    const rest = after.slice(index).map(({ answered }) => answered);
    const mean = rest.reduce((sum, answered) => sum + answered, 0) / rest.length;
    return row.length === backInARow && row.every(isBack) && mean >= offered * staysShare;
  });
  if (back >= 0 && back <= backSecondsMax) {
    return {
      verdict: 'holds',
      reason: `goodput was back ${back + 1} s after the excess stopped`,
      backAfterSeconds: back + 1,
    };
  }
  if (after.length <= backSecondsMax && back < 0) {
    return {
      verdict: 'not examined',
      reason: `goodput was not back ${after.length} s after the excess, and the storm ended before its ${backSecondsMax} s were over`,
    };
  }
  return {
    verdict: 'broken',
    reason:
      back < 0
        ? `${Math.round(offered)} requests a second were asked; in the ${after.length} s after the excess they were not answered for good`
        : `goodput was back only ${back + 1} s after the excess stopped`,
    backAfterSeconds: back < 0 ? undefined : back + 1,
  };
}
