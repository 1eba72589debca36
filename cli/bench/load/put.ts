// Puts one load for one window and counts what came of it.

import type { Spread } from '../goods.ts';
import { createRecorder } from '../latencies.ts';
import { localOf } from '../window.ts';
import type { Finished, Load, LoadAnswer, LoadQuestion } from './messages.ts';
import type { Ending } from './orders.ts';

/** What a process remembers between its loads. */
export interface Memory {
  /** The number of the next new order of each spread. */
  readonly next: Record<Spread, number>;
  /** Numbers of spread orders that were confirmed here. */
  readonly finished: number[];
}

export interface PutDependencies {
  readonly memory: Memory;
  readonly processCount: number;
  place(number: number, spread: Spread): Promise<Ending>;
  echo(address: string): Promise<Ending>;
}

type Count = (ending: Ending, beganAtMs: number) => void;

/** A lane that was not answered as it should waits so long: a server that refuses must not be asked at full speed. */
const oddPauseMs = 50;
const tickMs = 2;
/** Orders of a few seconds: that is how soon a caller that lost an answer asks again. */
const latestCount = 4_096;
/** Calls of an open loop that are under way at once; beyond it what is due is not sent, and shows as missing. */
const underWayMax = 4_000;

export async function put({ load, window }: LoadQuestion, deps: PutDependencies): Promise<LoadAnswer> {
  const { memory } = deps;
  const local = localOf(window);
  const placed = createRecorder();
  const repeated = createRecorder();
  const odd: Record<string, number> = {};
  let confirmedCount = 0;

  /** Counts what ended as one of these, by how it ended; everything else is odd. */
  const countOf =
    (...wanted: Ending[]): Count =>
    (ending, beganAtMs) => {
      if (!wanted.includes(ending)) {
        odd[ending] = (odd[ending] ?? 0) + 1;
        return;
      }
      if (ending === 'confirmed') confirmedCount += 1;
      const endedAtMs = performance.now();
      if (endedAtMs < local.fromMs || endedAtMs >= local.untilMs) return;
      (ending === 'confirmed' ? placed : repeated).add(endedAtMs - beganAtMs);
    };

  await run(load, local.untilMs);
  return { placed: placed.counted(), repeated: repeated.counted(), confirmedCount, odd };

  async function run(load: Load, untilMs: number): Promise<void> {
    switch (load.kind) {
      case 'place':
        return closed(load.inFlight, untilMs, countOf('confirmed'), () => placeNext(load.spread));
      case 'repeat': {
        const one = chooserOf(finishedOf(load.of));
        return closed(load.inFlight, untilMs, countOf('replayed'), () => deps.place(one(), 'spread'));
      }
      case 'echo':
        return closed(load.inFlight, untilMs, countOf('replayed'), () => deps.echo(load.address));
      case 'mix': {
        const one = chooserOf(finishedOf('latest'));
        return open(load.perSecond, untilMs, countOf('confirmed', 'replayed'), () => {
          const number = memory.next.spread;
          // The second is a duplicate of the first, or the first if that was refused: either way the order counts once.
          const calls = [placeNext('spread')];
          if (load.duplicates > 0) calls.push(deps.place(number, 'spread'));
          while (calls.length <= load.duplicates) calls.push(deps.place(one(), 'spread'));
          return calls;
        });
      }
    }
  }

  function finishedOf(which: Finished): readonly number[] {
    const { finished } = memory;
    return which === 'oldest' ? [...finished] : finished.slice(-latestCount / deps.processCount);
  }

  async function placeNext(spread: Spread): Promise<Ending> {
    const number = memory.next[spread];
    memory.next[spread] += deps.processCount;
    const ending = await deps.place(number, spread);
    if (ending === 'confirmed' && spread === 'spread') memory.finished.push(number);
    return ending;
  }
}

/** Walks through them from the oldest on, and over again, so that all of them are asked alike. */
function chooserOf(finished: readonly number[]): () => number {
  let index = 0;
  return () => {
    const number = finished[index % finished.length];
    index += 1;
    if (number === undefined) throw new Error('there is no finished order to repeat');
    return number;
  };
}

async function closed(
  inFlight: number,
  untilMs: number,
  count: Count,
  call: () => Promise<Ending>,
): Promise<void> {
  const lane = async () => {
    while (performance.now() < untilMs) {
      const beganAtMs = performance.now();
      const ending = await call();
      count(ending, beganAtMs);
      if (ending.startsWith('odd')) await new Promise((resolve) => setTimeout(resolve, oddPauseMs));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
}

/** Latency counts from when a call was due: what a busy process sends late has waited all the same. */
async function open(
  perSecond: number,
  untilMs: number,
  count: Count,
  send: () => readonly Promise<Ending>[],
): Promise<void> {
  const beganAtMs = performance.now();
  const underWay = new Set<Promise<void>>();
  for (let arrival = 0; ; ) {
    const nowMs = performance.now();
    if (nowMs >= untilMs) break;
    for (; beganAtMs + (arrival * 1_000) / perSecond <= nowMs; arrival += 1) {
      if (underWay.size >= underWayMax) continue;
      const dueAtMs = beganAtMs + (arrival * 1_000) / perSecond;
      for (const call of send()) {
        const work: Promise<void> = call.then((ending) => {
          count(ending, dueAtMs);
          underWay.delete(work);
        });
        underWay.add(work);
      }
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  await Promise.all(underWay);
}
