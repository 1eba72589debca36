// The processes that make load, as one.

import { type Part, startPart } from '../part.ts';
import type { Window } from '../window.ts';
import type { Load, LoadAnswer, LoadQuestion, LoadSetup } from './messages.ts';

export interface Fleet {
  readonly pids: readonly number[];
  /** Each process puts its share. Resolves when the last call was answered. */
  put(load: Load, window: Window): Promise<LoadAnswer[]>;
  stop(): Promise<void>;
}

export async function startFleet(options: Omit<LoadSetup, 'process'>): Promise<Fleet> {
  const { processCount } = options;
  const parts: Part<LoadQuestion, LoadAnswer>[] = await Promise.all(
    Array.from({ length: processCount }, (_, process) => {
      const setup: LoadSetup = { ...options, process };
      return startPart<LoadQuestion, LoadAnswer>(new URL('./process.ts', import.meta.url), setup);
    }),
  );
  return {
    pids: parts.map(({ pid }) => pid),
    put: (load, window) =>
      Promise.all(parts.map((part, index) => part.ask({ load: shareOf(load, index, processCount), window }))),
    async stop() {
      await Promise.all(parts.map((part) => part.stop()));
    },
  };
}

function shareOf(load: Load, index: number, processCount: number): Load {
  if (load.kind === 'mix') return { ...load, perSecond: load.perSecond / processCount };
  const extra = index < load.inFlight % processCount ? 1 : 0;
  return { ...load, inFlight: Math.floor(load.inFlight / processCount) + extra };
}
