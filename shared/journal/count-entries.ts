// How many entries a journal has. Counting documents would read all of them, and push out of the database's cache what its
// services need.

import type { Db } from 'mongodb';
import { journalOf, settingsOf } from './mongo-store.ts';
import { streamNames } from './placement.ts';
import { placeKey } from './segment.ts';

/** Entries that stand alone and entries in segments; while services write, a number that was true meanwhile. None where no
 * journal was begun. It looks up some forty keys in each stream, however long that is. */
export async function countEntries(database: Db): Promise<number> {
  const settings = await settingsOf(database).findOne({ _id: 'journal' });
  const newest = await Promise.all(
    streamNames(settings?.streamCount ?? 0).map((stream) => newestSeq(database, stream)),
  );
  return newest.reduce((sum, seq) => sum + seq, 0);
}

/** 0 for an empty stream. Its places have no gaps: by doubling one is found that is free, and by halving the first of those. */
async function newestSeq(database: Db, stream: string): Promise<number> {
  const isTaken = async (seq: number) => {
    const filter = { keys: placeKey(stream, seq) };
    return (await journalOf(database).findOne(filter, { projection: { _id: 1 } })) !== null;
  };
  let free = 1;
  while (await isTaken(free)) free *= 2;
  let taken = Math.floor(free / 2);
  while (free - taken > 1) {
    const middle = Math.floor((taken + free) / 2);
    if (await isTaken(middle)) taken = middle;
    else free = middle;
  }
  return taken;
}
