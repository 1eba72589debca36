// The store on MongoDB: one collection of entries, one of checkpoints. It decides nothing and reads no error text.

import type { Collection, Db } from 'mongodb';
import type { Entry, EntryPart } from './entry.ts';
import { ensureIndexes } from './indexes.ts';
import { JournalUnavailableError } from './journal.ts';
import type { Checkpoint, InsertAnswer, JournalSettings, JournalStore } from './store.ts';

const duplicateKeyCode = 11000;
/** What a single read may take on the server. A read that takes longer lacks an index, and must not pile up. */
const readDurationMsMax = 10_000;

/** What was acknowledged is on the disks of a majority: an answer leaves only then. */
const writeConcern = { w: 'majority', j: true };

interface InsertReply {
  readonly writeErrors?: readonly { readonly index: number; readonly code: number }[];
  readonly writeConcernError?: unknown;
}

interface CheckpointDocument extends Omit<Checkpoint, 'stream'> {
  _id: string;
}

interface SettingsDocument extends JournalSettings {
  _id: 'journal';
}

/** Only the ops that answer the question: a whole entry can hold hundreds. */
function onlyOps(condition: Record<string, unknown>) {
  return {
    stream: 1,
    seq: 1,
    writer: 1,
    at: 1,
    ops: { $filter: { input: '$ops', cond: condition } },
  };
}

/**
 * `database` must come from `connectDatabase`: majority writes with journalling, majority reads from the primary, and
 * int64 as bigint.
 */
export function createMongoStore(database: Db): JournalStore {
  const entries: Collection<Entry> = database.collection<Entry>('journal', { ignoreUndefined: true });
  const checkpoints = database.collection<CheckpointDocument>('checkpoints', { ignoreUndefined: true });
  const settings = database.collection<SettingsDocument>('settings');
  const options = { maxTimeMS: readDurationMsMax };

  return {
    prepare: () => ensureIndexes(entries),

    async settings(wanted) {
      try {
        await settings.insertOne({ _id: 'journal', ...wanted });
        return wanted;
      } catch (error) {
        const stored = await settings.findOne({ _id: 'journal' });
        if (!stored) throw error;
        return stored;
      }
    },

    async insert(batch) {
      // The command itself: insertMany would serialize each entry twice, to see whether all of them fit into one command.
      // Unordered, so that one stream's lost race does not keep the others from being written.
      const command = { insert: entries.collectionName, documents: batch, ordered: false, writeConcern };
      const reply: InsertReply = await database.command(command, { ignoreUndefined: true });
      // Anything but plain duplicates leaves it unknown which entries are there and durable.
      if (reply.writeConcernError)
        throw new JournalUnavailableError('not known to be on a majority', reply.writeConcernError);
      const answers: InsertAnswer[] = batch.map(() => 'inserted');
      for (const { index, code } of reply.writeErrors ?? []) {
        if (code !== duplicateKeyCode)
          throw new JournalUnavailableError(`an entry was not inserted (${code})`, reply.writeErrors);
        answers[index] = 'duplicate';
      }
      return answers;
    },

    findByKeys: (keys) =>
      reading(() =>
        entries
          .find({ keys: { $in: [...keys] } }, options)
          .project<EntryPart>(onlyOps({ $in: ['$$this.key', [...keys]] }))
          .toArray(),
      ),

    // No sort: an index scan over so small a range gives the order for nothing, and where a planner does not see
    // that, sorting a page here is cheaper than a sort over the stream there.
    async read(stream, fromSeq, limit) {
      const range = { $gte: fromSeq, $lt: fromSeq + limit };
      const page = await reading(() => entries.find({ stream, seq: range }, options).toArray());
      return page.sort((a, b) => a.seq - b.seq);
    },

    async findNewest(entity) {
      const [newest] = await reading(() =>
        entries
          .find({ 'ops.entity': entity }, options)
          .sort({ seq: -1 })
          .limit(1)
          .project<EntryPart>(onlyOps({ $eq: ['$$this.entity', entity] }))
          .toArray(),
      );
      return newest;
    },

    findHistory(entity, { afterSeq, beforeSeq, limit, newestFirst }) {
      const seq = {
        ...(afterSeq === undefined ? {} : { $gt: afterSeq }),
        ...(beforeSeq === undefined ? {} : { $lt: beforeSeq }),
      };
      return reading(() =>
        entries
          .find({ 'ops.entity': entity, ...(Object.keys(seq).length > 0 ? { seq } : {}) }, options)
          .sort({ seq: newestFirst ? -1 : 1 })
          .limit(limit)
          .project<EntryPart>(onlyOps({ $eq: ['$$this.entity', entity] }))
          .toArray(),
      );
    },

    findList(name, position, limit) {
      const older = position && {
        $or: [{ at: { $lt: position.at } }, { at: position.at, _id: { $lt: position.id } }],
      };
      return reading(() =>
        entries
          .find({ lists: name, ...older }, options)
          .sort({ at: -1, _id: -1 })
          .limit(limit)
          .project<EntryPart & { _id: string }>(onlyOps({ $in: [name, { $ifNull: ['$$this.lists', []] }] }))
          .toArray(),
      );
    },

    async readCheckpoint(stream) {
      const document = await reading(() => checkpoints.findOne({ _id: stream }, options));
      return document ? { stream, seq: document.seq, open: document.open } : undefined;
    },

    async writeCheckpoint({ stream, seq, open }) {
      await reading(() => checkpoints.replaceOne({ _id: stream }, { seq, open }, { upsert: true }));
    },
  };
}

/**
 * Whatever a read throws means the same to its caller: ask again. Not only the driver's own errors: in the moment in
 * which a server dies, it lets a socket's error through as it is.
 */
async function reading<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new JournalUnavailableError('the database did not answer', error);
  }
}
