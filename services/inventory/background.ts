// Work that an answer does not wait for, and that a stop does. Only for work that somebody else would do later anyway.

import { createPassing, type Logger } from '../../shared/runtime/index.ts';

export interface Background {
  /** Starts `work`. Its failure is logged and costs nothing but the sweeper's time. */
  run(name: string, work: () => Promise<unknown>): void;
  /** Resolves when everything that was started is over. */
  drain(): Promise<void>;
}

/** Not bounded here: each piece is one submission, and the journal bounds the ones that wait. */
export function createBackground({ log }: { log: Logger }): Background {
  const running = createPassing<Promise<void>, Promise<void>>();
  return {
    run(name, work) {
      const task: Promise<void> = work().then(
        () => void running.delete(task),
        (error: unknown) => {
          running.delete(task);
          log.info({ err: error, work: name }, 'left to the sweeper');
        },
      );
      running.set(task, task);
    },
    async drain() {
      while (running.size() > 0) await Promise.all(running.all().values());
    },
  };
}
