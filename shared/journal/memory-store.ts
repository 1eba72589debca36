// The store in memory, for the contract suite and the simulation: what MongoDB promises, without MongoDB. What is written
// goes through BSON, so values come back as a database gives them back: int64 as bigint, instants as Date, nothing
// undefined. What is read is frozen, so that whoever reads it shares nothing that can change. Only instants cannot be
// frozen: an entry's own is a copy, those inside states are not.

import { BSON } from 'mongodb';
import type { Entry, EntryOp, EntryPart } from './entry.ts';
import type { Checkpoint, InsertAnswer, JournalSettings, JournalStore } from './store.ts';

/** What outlives a process: the database's disk. Several stores on one content are several processes on one database. */
export interface MemoryContent {
  /** Every entry by its `_id`. */
  readonly entries: Map<string, StoredEntry>;
  /** The entries of each entity, ascending. */
  readonly byEntity: Map<string, StoredEntry[]>;
  /** The unique index: each key claimed, with the `_id` of the entry that claims it. */
  readonly keys: Map<string, string>;
  /** The highest seq that each stream ever had: no read looks beyond it. */
  readonly highest: Map<string, number>;
  readonly checkpoints: Map<string, Uint8Array>;
  /** Undefined while the database is new. */
  settings: JournalSettings | undefined;
}

interface StoredEntry {
  readonly entry: Entry;
  readonly lists: readonly string[];
}

export function createMemoryContent(): MemoryContent {
  return {
    entries: new Map(),
    byEntity: new Map(),
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

function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

/** Every promise of `JournalStore`, durable as long as `content` is. It never answers "unknown" by itself. */
export function createMemoryStore(content: MemoryContent = createMemoryContent()): JournalStore {
  const { entries, byEntity, keys, highest, checkpoints } = content;

  function insertOne({ bytes: _, ...entry }: Entry): InsertAnswer {
    if (entries.has(entry._id) || entry.keys.some((key) => keys.has(key))) return 'duplicate';
    for (const key of entry.keys) keys.set(key, entry._id);
    highest.set(entry.stream, Math.max(entry.seq, highest.get(entry.stream) ?? 0));
    const stored = { entry: frozen(fromBytes<Entry>(toBytes(entry))), lists: [...(entry.lists ?? [])] };
    entries.set(entry._id, stored);
    for (const entity of new Set(entry.ops.map((op) => op.entity))) remember(entity, stored);
    return 'inserted';
  }

  /** An insert may come late: it takes its place by its seq. */
  function remember(entity: string, stored: StoredEntry): void {
    const known = byEntity.get(entity) ?? [];
    const before = known.findLastIndex(({ entry }) => entry.seq < stored.entry.seq);
    known.splice(before + 1, 0, stored);
    byEntity.set(entity, known);
  }

  function partOf({ entry }: StoredEntry, isWanted: (op: EntryOp) => boolean): EntryPart & { _id: string } {
    const { _id, stream, seq, writer, at, ops } = entry;
    return { _id, stream, seq, writer, at: new Date(at), ops: ops.filter(isWanted) };
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
        const stored = entries.get(id);
        return stored ? [partOf(stored, (op) => asked.has(op.key))] : [];
      });
    },
    async read(stream, fromSeq, limit) {
      const page: Entry[] = [];
      const lastSeq = Math.min(fromSeq + limit - 1, highest.get(stream) ?? 0);
      for (let seq = fromSeq; seq <= lastSeq; seq += 1) {
        const stored = entries.get(`${stream}#${seq}`);
        if (stored) page.push({ ...stored.entry, at: new Date(stored.entry.at) });
      }
      return page;
    },
    async findNewest(entity, fromSeq) {
      const newest = byEntity.get(entity)?.at(-1);
      return newest && newest.entry.seq >= fromSeq ? partOf(newest, (op) => op.entity === entity) : undefined;
    },
    async findHistory(entity, { afterSeq = 0, beforeSeq = Number.POSITIVE_INFINITY, limit, newestFirst }) {
      const found = (byEntity.get(entity) ?? []).filter(
        ({ entry: { seq } }) => seq > afterSeq && seq < beforeSeq,
      );
      if (newestFirst) found.reverse();
      return found.slice(0, limit).map((stored) => partOf(stored, (op) => op.entity === entity));
    },
    async findList(name, position, limit) {
      return [...entries.values()]
        .filter(({ lists }) => lists.includes(name))
        .map((stored) => ({ stored, id: stored.entry._id, atMs: stored.entry.at.getTime() }))
        .filter(({ id, atMs }) => {
          if (!position) return true;
          const positionMs = position.at.getTime();
          return atMs < positionMs || (atMs === positionMs && id < position.id);
        })
        .sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? 1 : -1))
        .slice(0, limit)
        .map(({ stored }) => partOf(stored, (op) => op.lists?.includes(name) ?? false));
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
