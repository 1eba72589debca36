// Event loop delay: how long work that is ready waits for this process's one thread. Measured by Node, read by admission.

import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface EventLoopDelay {
  /** Work comes or ends: measures from now on, until for a while this was not called. So a process without work is not
   * woken. */
  noteWork(): void;
  /**
   * The median since it was last asked; 0 before the first sample. The median and not the mean or the worst: one long
   * stall (a garbage collection, a process that was stopped and continued) is no queue, and must not count as one.
   */
  medianMs(): number;
  /** For good. */
  stop(): void;
}

/** How often Node takes a sample. Below the delays that matter, and nothing to speak of beside work; in an idle process it
 * would be five of six wake-ups. */
const sampleEveryMs = 10;

/** So long without work, or up to twice as long, ends the sampling: longer than admission waits between two looks. */
const quietMsDefault = 1_000;

const nanosecondsPerMs = 1e6;

/** Does not keep the process alive. */
export function createEventLoopDelay(quietMs = quietMsDefault): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: sampleEveryMs });
  let isMeasuring = false;
  let hadWork = false;
  let stopped = false;

  function begin(): void {
    isMeasuring = true;
    // Or the time without work would be its first sample.
    histogram.reset();
    histogram.enable();
    const watch = setTimeout(() => {
      if (hadWork && !stopped) {
        hadWork = false;
        watch.refresh();
      } else end();
    }, quietMs).unref();
  }

  function end(): void {
    isMeasuring = false;
    histogram.disable();
  }

  return {
    noteWork() {
      hadWork = true;
      if (!isMeasuring && !stopped) begin();
    },
    medianMs() {
      if (!isMeasuring || histogram.count === 0) return 0;
      // A sample is the time between two ticks of a timer, so an idle loop shows the timer's own period.
      const medianMs = histogram.percentile(50) / nanosecondsPerMs - sampleEveryMs;
      histogram.reset();
      return Math.max(0, medianMs);
    },
    stop() {
      stopped = true;
      end();
    },
  };
}
