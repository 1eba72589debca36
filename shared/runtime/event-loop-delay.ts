// Event loop delay: how long work that is ready waits for this process's one thread. Measured by Node, read by admission.

import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface EventLoopDelay {
  /**
   * The median since it was last asked; 0 before the first sample. The median and not the mean or the worst: one long
   * stall (a garbage collection, a process that was stopped and continued) is no queue, and must not count as one.
   */
  medianMs(): number;
  stop(): void;
}

/** How often Node takes a sample. Below the delays that matter; the sampling itself costs nothing to speak of. */
const sampleEveryMs = 10;

const nanosecondsPerMs = 1e6;

/** Does not keep the process alive. */
export function createEventLoopDelay(): EventLoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: sampleEveryMs });
  histogram.enable();
  return {
    medianMs() {
      if (histogram.count === 0) return 0;
      // A sample is the time between two ticks of a timer, so an idle loop shows the timer's own period.
      const medianMs = histogram.percentile(50) / nanosecondsPerMs - sampleEveryMs;
      histogram.reset();
      return Math.max(0, medianMs);
    },
    stop: () => void histogram.disable(),
  };
}
