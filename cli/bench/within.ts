// Runs something for a window, and reads what every process used in it.

import { countOf, percentilesOf } from './latencies.ts';
import type { Measured } from './measured.ts';
import { type Reading, read, usedBetween, type Watched } from './meter.ts';
import { secondsOf, until, type Window, windowFromNow } from './window.ts';

/** Runs it, and reads what everybody used between the window's ends. */
export async function within<T>(watched: Watched, seconds: number, run: (window: Window) => Promise<T>) {
  const window = windowFromNow(seconds * 1_000);
  const running = run(window);
  // A load that fails is told at once, not at the window's end.
  const readings = (async (): Promise<[Reading, Reading]> => {
    await until(window.fromNs);
    const before = await read(watched);
    await until(window.untilNs);
    return [before, await read(watched)];
  })();
  const answer = await running;
  const [before, after] = await readings;
  return { answer, window, before, after };
}

export function measuredOf(
  name: string,
  window: Window,
  counted: Parameters<typeof percentilesOf>[0],
  watched: Watched,
  before: Reading,
  after: Reading,
): Omit<Measured, 'odd'> {
  const seconds = secondsOf(window);
  const count = countOf(counted);
  const latency = percentilesOf(counted);
  return {
    name,
    seconds,
    count,
    perSecond: count / seconds,
    ...(latency ? { latency } : {}),
    ...usedBetween(watched, before, after, count),
  };
}
