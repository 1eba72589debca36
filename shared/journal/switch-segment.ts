// The switch: one transaction takes the entries away and gives their keys and places to the segment. The only code that
// ever deletes an entry.
//
// Before it, what was packed is read back from the database, unpacked, and compared byte for byte with the entries as they
// stand: nothing is deleted of which the segment does not hold the very bytes. In it, entries and keys change hands at one
// moment, so at no moment is a key free or claimed twice. After it, whatever the database answered, the segment itself is
// asked whether it holds the keys: an answer that was lost, and another compactor that was faster, look the same then.

import { BSON, type ClientSession, type Collection, type MongoClient } from 'mongodb';
import type { Clock, Failpoints } from '../runtime/index.ts';
import type { EntryDocument } from './entry-document.ts';
import { readRaw } from './lay-segment.ts';
import { keysOf, laidKey, type RawEntry, type SegmentDocument, unpackSegment } from './segment.ts';

export interface SwitchDependencies {
  readonly client: MongoClient;
  readonly documents: Collection<EntryDocument | SegmentDocument>;
  readonly clock: Clock;
  readonly failpoints: Failpoints;
  readonly attemptsMax: number;
}

export interface Switched {
  readonly entryCount: number;
  /** BSON of the entries. */
  readonly bytesBefore: number;
  /** BSON of the segment, with its keys. */
  readonly bytesAfter: number;
}

/** First delay after an attempt that got nowhere, doubled each time. */
const firstDelayMs = 100;
/** A dead compactor's transaction stands in the way for a minute, until MongoDB ends it. */
const delayMsMax = 10_000;

/**
 * Resolves when the segment claims the keys: with what was moved, or undefined when somebody else may have moved it. Throws
 * when what is packed differs from the entries, or when nothing helps.
 */
export async function switchToSegment(deps: SwitchDependencies, id: string): Promise<Switched | undefined> {
  const { documents, clock } = deps;
  for (let attempt = 1; ; attempt += 1) {
    const segment = await readSegment(documents, id);
    if (!isLaid(segment)) return undefined;
    try {
      const entries = await comparedEntries(documents, segment);
      await inTransaction(deps, segment, entries);
      return {
        entryCount: entries.length,
        bytesBefore: entries.reduce((total, { bytes }) => total + bytes.length, 0),
        bytesAfter: BSON.calculateObjectSize({ ...segment, keys: keysOf(entries) }),
      };
    } catch (error) {
      const isDone = !isLaid(await readSegment(documents, id));
      if (isDone) return undefined;
      if (attempt >= deps.attemptsMax) throw error;
      await clock.sleep(Math.min(delayMsMax, firstDelayMs * 2 ** attempt));
    }
  }
}

async function readSegment(
  documents: Collection<EntryDocument | SegmentDocument>,
  id: string,
): Promise<SegmentDocument> {
  const segment = await documents.findOne<SegmentDocument>({ _id: id });
  if (!segment) throw new Error(`segment ${id} is missing`);
  return segment;
}

function isLaid({ _id, keys }: SegmentDocument): boolean {
  return keys.length === 1 && keys[0] === laidKey(_id);
}

/** The entries of a laid segment as they stand, once they are known to be what it holds. */
async function comparedEntries(
  documents: Collection<EntryDocument | SegmentDocument>,
  segment: SegmentDocument,
): Promise<RawEntry[]> {
  const { _id, stream, seq, lastSeq } = segment;
  const packed = await unpackSegment(segment);
  const entries = await readRaw(documents, stream, seq, lastSeq);
  const isSame = (bytes: Uint8Array, index: number) =>
    Buffer.compare(bytes, packed[index] ?? Buffer.of()) === 0;
  if (
    entries.length !== packed.length ||
    entries.length !== lastSeq - seq + 1 ||
    !entries.every(({ bytes }, index) => isSame(bytes, index))
  ) {
    throw new Error(
      `segment ${_id} does not hold the entries ${seq} to ${lastSeq} as they stand: nothing is deleted`,
    );
  }
  return entries;
}

async function inTransaction(
  { client, documents, failpoints }: SwitchDependencies,
  { _id }: SegmentDocument,
  entries: readonly RawEntry[],
): Promise<void> {
  const session = client.startSession();
  try {
    session.startTransaction({
      readConcern: { level: 'snapshot' },
      writeConcern: { w: 'majority', j: true },
    });
    await exchange(session, documents, _id, entries, failpoints);
    await failpoints.reach('compaction.before_commit');
    await session.commitTransaction();
    await failpoints.reach('compaction.after_commit');
  } catch (error) {
    // One that cannot be ended here ends with its session, or after a minute at the server.
    if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
    throw error;
  } finally {
    await session.endSession();
  }
}

async function exchange(
  session: ClientSession,
  documents: Collection<EntryDocument | SegmentDocument>,
  id: string,
  entries: readonly RawEntry[],
  failpoints: Failpoints,
): Promise<void> {
  const ids = entries.map(({ entry }) => entry._id);
  const { deletedCount } = await documents.deleteMany({ _id: { $in: ids } }, { session });
  await failpoints.reach('compaction.after_delete');
  const laid = { _id: id, keys: laidKey(id) };
  const { matchedCount } = await documents.updateOne(laid, { $set: { keys: keysOf(entries) } }, { session });
  if (deletedCount !== ids.length || matchedCount !== 1) {
    throw new Error(
      `segment ${id}: ${deletedCount} of ${ids.length} entries were there, so nothing is moved`,
    );
  }
}
