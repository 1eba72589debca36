// The books on disk: one JSON line a record, appended and synced before anybody is answered. A kill at any moment leaves
// whole lines and at most half of one at the end, which nobody was told of.

import { type FileHandle, open, truncate } from 'node:fs/promises';
import type { BookRecord } from './books.ts';

export interface BookFile {
  /** Queues a record; what is queued goes to disk together, in order. */
  append(record: BookRecord): void;
  /** Resolves when everything appended so far is on disk. Rejects, for ever, once the disk has refused. */
  synced(): Promise<void>;
  close(): Promise<void>;
}

/** For tests: nothing outlives the process. */
export const noFile: BookFile = {
  append: () => undefined,
  synced: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

/** Reads what is there into `take`, cuts off half a line, and appends from there. */
export async function openBookFile(path: string, take: (record: BookRecord) => void): Promise<BookFile> {
  const text = await readAll(path);
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  for (const line of whole.split('\n')) if (line !== '') take(JSON.parse(line) as BookRecord);
  if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole));
  const file = await open(path, 'a');
  let queued: string[] = [];
  let writing: Promise<void> = Promise.resolve();

  async function writeQueued(): Promise<void> {
    if (queued.length === 0) return;
    const lines = queued.join('');
    queued = [];
    await file.write(lines);
    await file.datasync();
  }

  return {
    append: (record) => void queued.push(`${JSON.stringify(record)}\n`),
    synced() {
      writing = writing.then(writeQueued);
      // Answered by whoever waits; a rejection that nobody waits for must not end the process.
      writing.catch(() => undefined);
      return writing;
    },
    async close() {
      await writing;
      await file.close();
    },
  };
}

async function readAll(path: string): Promise<string> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'a+');
    return await file.readFile('utf8');
  } finally {
    await file?.close();
  }
}
