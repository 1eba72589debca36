// Reads history.ndjson line by line, so that its size does not matter.

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { HistoryLine } from './line.ts';

export async function* readHistory(file: string): AsyncGenerator<HistoryLine> {
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    if (line !== '') yield JSON.parse(line) as HistoryLine;
  }
}
