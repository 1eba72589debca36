// The store in memory, for the contract suite and the simulation: what MongoDB promises, without MongoDB. It keeps
// BSON bytes, so nothing is shared by reference with whoever wrote or reads it, and values come back as a database
// gives them back: int64 as bigint, instants as Date, nothing undefined.

import { BSON } from 'mongodb';
import type { Entry, EntryOp, EntryPart } from './entry.ts';
import type { Checkpoint, InsertAnswer, JournalSettings, JournalStore } from './store.ts';

/** What outlives a process: the database's disk. Several stores on one content are several processes on one database. */
export interface MemoryContent {
  /** Every entry by its `_id`. */
  readonly entries: Map<string, StoredEntry>;
  /** The unique index: each key claimed, with the `_id` of the entry that claims it. */
  readonly keys: Map<string, string>;
  /** The highest seq that each stream ever had: no read looks beyond it. */
  readonly highest: Map<string, number>;
  readonly checkpoints: Map<string, Uint8Array>;
  /** Undefined while the database is new. */
  settings: JournalSettings | undefined;
}

interface StoredEntry {
  readonly stream: string;
  readonly seq: number;
  readonly at: Date;
  readonly lists: readonly string[];
  readonly entities: ReadonlySet<string>;
  readonly document: Uint8Array;
}

export function createMemoryContent(): MemoryContent {
  return {
    entries: new Map(),
    keys: new Map(),
    highest: new Map(),
    checkpoints: new Map(),
    settings: undefined,
  };
}

function toBytes(document: object): Uint8Array {
  return BSON.serialize(document, { ignoreUndefined: true });
}

function fromBytes<T>(bytes: Uint8Array): T {
  return BSON.deserialize(bytes, { useBigInt64: true }) as T;
}

/** Every promise of `JournalStore`, durable as long as `content` is. It never answers "unknown" by itself. */
export function createMemoryStore(content: MemoryContent = createMemoryContent()): JournalStore {
  const { entries, keys, highest, checkpoints } = content;

  function insertOne(entry: Entry): InsertAnswer {
    if (entries.has(entry._id) || entry.keys.some((key) => keys.has(key))) return 'duplicate';
    for (const key of entry.keys) keys.set(key, entry._id);
    highest.set(entry.stream, Math.max(entry.seq, highest.get(entry.stream) ?? 0));
    entries.set(entry._id, {
      stream: entry.stream,
      seq: entry.seq,
      at: new Date(entry.at),
      lists: [...(entry.lists ?? [])],
      entities: new Set(entry.ops.map((op) => op.entity)),
      document: toBytes(entry),
    });
    return 'inserted';
  }

  function partOf(
    { document }: StoredEntry,
    isWanted: (op: EntryOp) => boolean,
  ): EntryPart & { _id: string } {
    const { _id, stream, seq, writer, at, ops } = fromBytes<Entry>(document);
    return { _id, stream, seq, writer, at, ops: ops.filter(isWanted) };
  }

  /** Ascending. */
  function entriesOf(entity: string): StoredEntry[] {
    return [...entries.values()].filter((entry) => entry.entities.has(entity)).sort((a, b) => a.seq - b.seq);
  }

  return {
    // The index is a Map: it cannot be missing.
    async prepare() {},
    async settings(wanted) {
      content.settings ??= wanted;
      return content.settings;
    },
    insert: async (batch) => batch.map(insertOne),
    async findByKeys(wanted) {
      const ids = new Set(wanted.flatMap((key) => keys.get(key) ?? []));
      const asked = new Set(wanted);
      return [...ids].flatMap((id) => {
        const entry = entries.get(id);
        return entry ? [partOf(entry, (op) => asked.has(op.key))] : [];
      });
    },
    async read(stream, fromSeq, limit) {
      const page: Entry[] = [];
      const lastSeq = Math.min(fromSeq + limit - 1, highest.get(stream) ?? 0);
      for (let seq = fromSeq; seq <= lastSeq; seq += 1) {
        const entry = entries.get(`${stream}#${seq}`);
        if (entry) page.push(fromBytes(entry.document));
      }
      return page;
    },
    async findNewest(entity) {
      const newest = entriesOf(entity).at(-1);
      return newest && partOf(newest, (op) => op.entity === entity);
    },
    async findHistory(entity, { afterSeq = 0, beforeSeq = Number.POSITIVE_INFINITY, limit, newestFirst }) {
      const found = entriesOf(entity).filter(({ seq }) => seq > afterSeq && seq < beforeSeq);
      if (newestFirst) found.reverse();
      return found.slice(0, limit).map((entry) => partOf(entry, (op) => op.entity === entity));
    },
    async findList(name, position, limit) {
      return [...entries]
        .filter(([, { lists }]) => lists.includes(name))
        .map(([id, entry]) => ({ id, entry, atMs: entry.at.getTime() }))
        .filter(({ id, atMs }) => {
          if (!position) return true;
          const positionMs = position.at.getTime();
          return atMs < positionMs || (atMs === positionMs && id < position.id);
        })
        .sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1))
        .slice(0, limit)
        .map(({ entry }) => partOf(entry, (op) => op.lists?.includes(name) ?? false));
    },
    async readCheckpoint(stream) {
      const bytes = checkpoints.get(stream);
      return bytes && fromBytes<Checkpoint>(bytes);
    },
    async writeCheckpoint(checkpoint) {
      checkpoints.set(checkpoint.stream, toBytes(checkpoint));
    },
  };
}
