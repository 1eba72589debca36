// Writes history.ndjson. Several workers append to one file: each write holds whole lines, and the system appends it whole.

import { closeSync, openSync, writeSync } from 'node:fs';
import type { HistoryLine } from './line.ts';

export interface HistoryWriter {
  add(line: HistoryLine): void;
  flush(): void;
  close(): void;
}

/** So much waits in memory. Writing blocks: a disk that cannot follow slows the storm instead of filling the memory. */
const bufferedLinesMax = 200;

export function openHistory(file: string): HistoryWriter {
  const descriptor = openSync(file, 'a');
  let lines: string[] = [];
  const flush = () => {
    if (lines.length === 0) return;
    const bytes = Buffer.from(lines.join(''));
    lines = [];
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
  };
  return {
    add(line) {
      lines.push(`${JSON.stringify(line)}\n`);
      if (lines.length >= bufferedLinesMax) flush();
    },
    flush,
    close() {
      flush();
      closeSync(descriptor);
    },
  };
}
