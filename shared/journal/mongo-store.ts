// The store on MongoDB: one collection of entries, one of checkpoints. It decides nothing and reads no error text.

import type { Collection, Db } from 'mongodb';
import type { Entry } from './entry.ts';
import { type EntryDocument, toDocument } from './entry-document.ts';
import { journalFormat, requireFormat } from './format.ts';
import { ensureIndexes } from './indexes.ts';
import { JournalUnavailableError } from './journal.ts';
import { createMongoReads, readDurationMsMax, reading } from './mongo-reads.ts';
import { placeKey, type SegmentDocument } from './segment.ts';
import type { Checkpoint, InsertAnswer, JournalSettings, JournalStore } from './store.ts';

const duplicateKeyCode = 11000;
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

export function journalOf(database: Db): Collection<EntryDocument | SegmentDocument> {
  return database.collection<EntryDocument | SegmentDocument>('journal', { ignoreUndefined: true });
}

export function checkpointsOf(database: Db): Collection<CheckpointDocument> {
  return database.collection<CheckpointDocument>('checkpoints', { ignoreUndefined: true });
}

export function settingsOf(database: Db): Collection<SettingsDocument> {
  return database.collection<SettingsDocument>('settings');
}

/**
 * The place is claimed among the keys too, because `_id` keeps it only as long as the entry stands alone: a process that
 * slept while its tail became a segment must not find the place free.
 */
function withPlace(entry: Entry): Entry {
  return { ...entry, keys: [...entry.keys, placeKey(entry.stream, entry.seq)] };
}

/**
 * `database` must come from `connectDatabase`: majority writes with journalling, majority reads from the primary, and
 * int64 as bigint.
 */
export function createMongoStore(database: Db): JournalStore {
  const entries = journalOf(database);
  const checkpoints = checkpointsOf(database);
  const settings = settingsOf(database);
  const options = { maxTimeMS: readDurationMsMax };

  return {
    prepare: () => ensureIndexes(entries),

    settings: (wanted) => settingsAt(settings, wanted),

    async insert(batch) {
      // The command itself: insertMany would serialize each entry twice, to see whether all of them fit into one command.
      // Unordered, so that one stream's lost race does not keep the others from being written.
      const command = {
        insert: entries.collectionName,
        documents: batch.map(withPlace).map(toDocument),
        ordered: false,
        writeConcern,
      };
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

    ...createMongoReads(entries),

    async readCheckpoint(stream) {
      const document = await reading(() => checkpoints.findOne({ _id: stream }, options));
      return document ? { stream, seq: document.seq, open: document.open } : undefined;
    },

    async writeCheckpoint({ stream, seq, open }) {
      await reading(() => checkpoints.replaceOne({ _id: stream }, { seq, open }, { upsert: true }));
    },
  };
}

async function settingsAt(
  settings: Collection<SettingsDocument>,
  wanted: JournalSettings,
): Promise<JournalSettings> {
  try {
    await settings.insertOne({ _id: 'journal', ...wanted });
    return wanted;
  } catch (error) {
    const stored = await settings.findOne({ _id: 'journal' });
    if (!stored) throw error;
    return stored;
  }
}

/** Fixes a new database's settings before a service starts on it. Throws when it has others. */
export async function prepareSettings(database: Db, wanted: Omit<JournalSettings, 'format'>): Promise<void> {
  const settings = await settingsAt(settingsOf(database), { ...wanted, format: journalFormat });
  requireFormat(settings, database.databaseName);
  const { streamCount, owner } = settings;
  if (streamCount === wanted.streamCount && owner === wanted.owner) return;
  throw new Error(
    `The journal in database "${database.databaseName}" is the ${owner} service's, with ${streamCount} streams, for ever.`,
  );
}
