// What a sharded cluster is told for one service's database: each stream in a zone of one shard. It sends nothing.

import { streamNames } from '../../shared/journal/index.ts';

export interface ShardingPlan {
  readonly database: string;
  readonly streamCount: number;
  /** In turn they get a stream each. */
  readonly shards: readonly string[];
}

/** Commands for the admin database of a mongos, in this order, while the journal is empty. */
export function shardingCommands({ database, streamCount, shards }: ShardingPlan): Record<string, unknown>[] {
  if (shards.length === 0) throw new Error('--shards must name at least one shard, such as rs0,rs1.');
  if (shards.length > streamCount) {
    throw new Error(`--streams is ${streamCount}: ${shards.length} shards need at least as many streams.`);
  }
  const journal = `${database}.journal`;
  const zoneOf = (shard: string) => `${database}-${shard}`;
  // As the shard key sorts them: each zone's range ends where the next one begins.
  const streams = streamNames(streamCount).sort();
  return [
    { enableSharding: database },
    ...shards.map((shard) => ({ addShardToZone: shard, zone: zoneOf(shard) })),
    ...streams.map((stream, index) => ({
      updateZoneKeyRange: journal,
      min: { stream },
      max: { stream: streams[index + 1] ?? `${stream}~` },
      zone: zoneOf(shards[Number(stream.slice(1)) % shards.length] ?? ''),
    })),
    // After the zones, so that the first chunks are made along them. Not unique: many entries share a stream.
    { shardCollection: journal, key: { stream: 1 }, unique: false },
  ];
}
