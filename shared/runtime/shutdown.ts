// Shutdown: runs what was registered, in reverse order, once, when the process is asked to stop.

import type { Logger } from './log.ts';

export interface Shutdown {
  /** Aborts when the stop begins: loops end their turn and start no new one. */
  readonly signal: AbortSignal;
  /** Registers a closing action; the last one registered runs first. */
  onStop(name: string, close: () => Promise<void> | void): void;
  /** Runs every closing action. A second call waits for the first. An action that fails is logged, not skipped over. */
  stop(): Promise<void>;
}

/** Long enough for calls under way to answer, short enough for an orchestrator's usual 30 s grace. */
export const stopDurationMsMax = 10_000;

export function createShutdown(log: Logger): Shutdown {
  const controller = new AbortController();
  const actions: { name: string; close: () => Promise<void> | void }[] = [];
  let stopping: Promise<void> | undefined;
  return {
    signal: controller.signal,
    onStop: (name, close) => void actions.push({ name, close }),
    stop() {
      stopping ??= (async () => {
        controller.abort();
        for (const action of actions.reverse()) {
          try {
            await action.close();
          } catch (error) {
            log.error({ err: error, action: action.name }, 'could not close');
          }
        }
      })();
      return stopping;
    },
  };
}

/** Stops on SIGINT and SIGTERM, and ends the process when done or after `stopDurationMsMax`. */
export function stopOnSignals(shutdown: Shutdown): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      setTimeout(() => process.exit(1), stopDurationMsMax).unref();
      void shutdown.stop().then(() => process.exit(0));
    });
  }
}
