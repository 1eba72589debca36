// Compares a stream of ten entries with a long one, on the same database server and by turns.

import { percentilesOf } from '../latencies.ts';
import { startPart } from '../part.ts';
import type { Site } from '../site.ts';
import { windowFromNow } from '../window.ts';
import type { GrownStream, Pair, StreamTask } from './grown.ts';
import type { StreamAnswer, StreamQuestion, StreamSetup } from './stream-messages.ts';

const tasks: readonly StreamTask[] = ['append', 'find-key', 'read-state'];

export async function measureStream(options: {
  readonly site: Site;
  readonly entries: number;
  readonly turns: number;
  readonly seconds: number;
  begins(says: string): void;
}): Promise<GrownStream> {
  const { site, entries, turns, seconds, begins } = options;
  const setup: StreamSetup = {
    databaseUri: site.databaseUri,
    databasePrefix: `${site.databasePrefix}stream_`,
  };
  const file = new URL('./stream-process.ts', import.meta.url);
  const part = await startPart<StreamQuestion, StreamAnswer>(file, setup);
  const p50 = async (task: StreamTask, stream: 'short' | 'long'): Promise<number> => {
    const window = windowFromNow(seconds * 1_000);
    const { counted } = await part.ask({ do: 'task', task, stream, window });
    return percentilesOf([counted])?.p50Ms ?? Number.NaN;
  };
  try {
    begins(`appending ${entries} entries to one stream`);
    await part.ask({ do: 'fill', entries });
    begins('opening that stream without a checkpoint');
    const { tookMs } = await part.ask({ do: 'open' });
    const found: Record<StreamTask, Pair[]> = { append: [], 'find-key': [], 'read-state': [] };
    // The first turn compiles the code.
    for (let turn = 0; turn <= turns; turn += 1) {
      begins(`a stream of ten entries and one of ${entries}, turn ${turn} of ${turns}`);
      for (const task of tasks) {
        const pair = { empty: await p50(task, 'short'), grown: await p50(task, 'long') };
        if (turn > 0) found[task].push(pair);
      }
    }
    return { entries, openWithoutCheckpointMs: tookMs, tasks: found };
  } finally {
    await part.stop();
  }
}
