// Watches what the driver sends: the inserts into journals of every client that connects while it watches.

import { type CommandStartedEvent, MongoClient } from 'mongodb';
import { vi } from 'vitest';
import type { SeenInsert } from '../../cli/bench/inserts/chains.ts';
import { opsIn, type PackedOps } from '../../shared/journal/entry-document.ts';

export interface WatchedInsert extends SeenInsert {
  readonly database: string;
  /** The types of the ops in each document. */
  readonly documents: string[][];
  endedAt: number;
}

export interface InsertWatch {
  /** In the order of their beginnings. */
  readonly inserts: readonly WatchedInsert[];
  forget(): void;
  stop(): void;
}

interface InsertCommand {
  readonly insert: string;
  readonly documents: readonly PackedOps[];
}

/** Clients must connect with `monitorCommands=true` in their address: see `watchedUri`. */
export function watchInserts(): InsertWatch {
  const inserts: WatchedInsert[] = [];
  let eventCount = 0;

  function watch(client: MongoClient): void {
    const open = new Map<number, WatchedInsert>();
    const end = ({ requestId }: { requestId: number }) => {
      const insert = open.get(requestId);
      if (!insert) return;
      eventCount += 1;
      insert.endedAt = eventCount;
    };
    client.on('commandStarted', ({ commandName, command, databaseName, requestId }: CommandStartedEvent) => {
      const { insert: collection, documents } = command as unknown as InsertCommand;
      if (commandName !== 'insert' || collection !== 'journal') return;
      eventCount += 1;
      const insert = {
        database: databaseName,
        documents: documents.map((document) => opsIn(document).map(({ type }) => type)),
        beganAt: eventCount,
        endedAt: Number.POSITIVE_INFINITY,
      };
      open.set(requestId, insert);
      inserts.push(insert);
    });
    client.on('commandSucceeded', end);
    client.on('commandFailed', end);
  }

  const { connect } = MongoClient.prototype;
  const spy = vi.spyOn(MongoClient.prototype, 'connect').mockImplementation(function (this: MongoClient) {
    watch(this);
    return connect.call(this);
  });
  return {
    inserts,
    forget: () => void inserts.splice(0),
    stop: () => spy.mockRestore(),
  };
}

/** The address with which a client tells of its commands. */
export function watchedUri(uri: string): string {
  const url = new URL(uri);
  url.searchParams.set('monitorCommands', 'true');
  return url.href;
}
