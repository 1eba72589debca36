// What a process remembers of the streams: tails, recent entities, recent keys, open entities. Hints, all of them.
//
// A stale tail costs one refused insert and a short read, never a wrong result: an append at seq n+1 succeeds only
// if nobody appended it before. So everything here may be old; it must only never be *ahead* of what is durable on a
// majority, because replays are answered from it. Entries come in through `apply` alone: after they were written
// durably, or from a majority-committed read.

import { LRUCache } from 'lru-cache';
import { createPassing } from '../runtime/index.ts';
import type { State } from './decision.ts';
import { type Entry, type EntryPart, isOf, recordedIn, recordedOp } from './entry.ts';
import type { EntityRules, RecordedKey, RecordedOp } from './journal.ts';
import type { JournalLimits } from './limits.ts';
import { createRecentKeys } from './recent-keys.ts';
import type { Checkpoint } from './store.ts';

interface CachedEntity {
  /** Undefined: known to have no state yet. */
  readonly state: State | undefined;
  /** The entry that the state was read from; 0 when nothing was found. */
  readonly seq: number;
}

interface OpenEntity {
  readonly state: State;
  readonly openedAt: Date;
  readonly stream: string;
}

export interface StreamCache {
  /** The last entry of the stream that this process has seen; undefined before the first read. */
  tailOf(stream: string): number | undefined;
  entity(entity: string): CachedEntity | undefined;
  /** Remembers what a read found, unless something newer is remembered already. */
  rememberEntity(entity: string, state: State | undefined, seq: number): void;
  hasKey(key: string): boolean;
  recentKey(key: string): RecordedKey | undefined;
  /** Remembers the keys of the ops that a read found. */
  rememberKeys(found: EntryPart): void;
  /**
   * Takes in the entry that follows the tail, and returns what it records under each key. One at or before it changes nothing.
   * Throws at a gap.
   */
  apply(entry: Entry): ReadonlyMap<string, RecordedKey>;
  /** Starts a stream at a checkpoint, or at its beginning. Remembers the entries `before` that point, which are in order. */
  begin(stream: string, checkpoint: Checkpoint | undefined, before: readonly Entry[]): void;
  /** When the newest entry of another process was written that `apply` has taken in; undefined: none was. */
  othersAtMs(): number | undefined;
  /** To be read at once. */
  open(): ReadonlyMap<string, OpenEntity>;
  onOp(listener: (op: RecordedOp) => void): () => void;
}

export function createStreamCache(
  rules: EntityRules,
  limits: Pick<JournalLimits, 'cachedEntitiesMax' | 'recentBytesMax' | 'newestKeysMin'>,
  writer: string,
): StreamCache {
  const tails = new Map<string, number>();
  const entities = new LRUCache<string, CachedEntity>({ max: limits.cachedEntitiesMax });
  const keys = createRecentKeys(limits.recentBytesMax);
  // What the newest entries record under whatever key: whoever follows a submission of them asks at once. Two generations,
  // so that the older goes as a whole, in a busy process before it has become old for the collector.
  let newest = new Map<string, RecordedKey>();
  let newestBefore = newest;
  const open = createPassing<string, OpenEntity>();
  const listeners = new Set<(op: RecordedOp) => void>();
  let othersAtMs: number | undefined;

  function remember(entry: Entry): ReadonlyMap<string, RecordedKey> {
    for (const { entity, state } of entry.ops)
      entities.set(entity, { state: state ?? undefined, seq: entry.seq });
    const recordedKeys = recordedIn(entry);
    keys.remember(entry, new Set(entry.keys.filter((key) => recordedKeys.has(key))), entry.bytes);
    if (newest.size >= limits.newestKeysMin) {
      newestBefore = newest;
      newest = new Map();
    }
    for (const [key, recorded] of recordedKeys) newest.set(key, recorded);
    return recordedKeys;
  }

  const inNewest = (key: string): RecordedKey | undefined => newest.get(key) ?? newestBefore.get(key);

  function noteOpen(stream: string, entity: string, state: State, at: Date): void {
    if (rules.isOpen(entity, state)) {
      open.set(entity, { state, stream, openedAt: open.get(entity)?.openedAt ?? at });
    } else {
      open.delete(entity);
    }
  }

  return {
    tailOf: (stream) => tails.get(stream),
    entity: (entity) => entities.get(entity),
    rememberEntity(entity, state, seq) {
      const cached = entities.get(entity);
      if (!cached || cached.seq <= seq) entities.set(entity, { state, seq });
    },
    hasKey: (key) => keys.has(key) || inNewest(key) !== undefined,
    recentKey: (key) => inNewest(key) ?? keys.find(key),
    rememberKeys: (found) => keys.remember(found, new Set(found.ops.map(({ key }) => key))),
    apply(entry) {
      const tail = tails.get(entry.stream) ?? 0;
      if (entry.seq <= tail) return recordedIn(entry);
      if (entry.seq !== tail + 1) {
        throw new Error(
          `stream ${entry.stream} goes from entry ${tail} to ${entry.seq}: entries are missing`,
        );
      }
      tails.set(entry.stream, entry.seq);
      if (!isOf(writer, entry)) othersAtMs = Math.max(othersAtMs ?? 0, entry.at.getTime());
      const recordedKeys = remember(entry);
      for (const op of entry.ops) {
        if (op.state) noteOpen(entry.stream, op.entity, op.state, entry.at);
        for (const listener of listeners) listener(recordedOp(entry, op));
      }
      return recordedKeys;
    },
    begin(stream, checkpoint, before) {
      before.forEach(remember);
      tails.set(stream, checkpoint ? checkpoint.seq : 0);
      for (const { entity, state, openedAt } of checkpoint?.open ?? [])
        open.set(entity, { state, stream, openedAt });
    },
    othersAtMs: () => othersAtMs,
    open: open.all,
    onOp(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
