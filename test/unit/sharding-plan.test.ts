import { expect, test } from 'vitest';
import { shardingCommands } from '../../cli/tools/sharding-plan.ts';

test('each stream is in the zone of one shard, in turn, and the journal is sharded by stream after that', () => {
  expect(shardingCommands({ database: 'shop', streamCount: 3, shards: ['rs0', 'rs1'] })).toEqual([
    { enableSharding: 'shop' },
    { addShardToZone: 'rs0', zone: 'shop-rs0' },
    { addShardToZone: 'rs1', zone: 'shop-rs1' },
    { updateZoneKeyRange: 'shop.journal', min: { stream: 's0' }, max: { stream: 's1' }, zone: 'shop-rs0' },
    { updateZoneKeyRange: 'shop.journal', min: { stream: 's1' }, max: { stream: 's2' }, zone: 'shop-rs1' },
    { updateZoneKeyRange: 'shop.journal', min: { stream: 's2' }, max: { stream: 's2~' }, zone: 'shop-rs0' },
    { shardCollection: 'shop.journal', key: { stream: 1 }, unique: false },
  ]);
});

test('each of 256 streams is in exactly one range, which holds no other', () => {
  const commands = shardingCommands({ database: 'shop', streamCount: 256, shards: ['rs0', 'rs1', 'rs2'] });
  const ranges = commands.flatMap(({ min, max, zone }) =>
    min ? [{ from: (min as Stream).stream, to: (max as Stream).stream, zone }] : [],
  );
  const held = Array.from({ length: 256 }, (_, i) =>
    ranges
      .filter(({ from, to }) => from <= `s${i}` && `s${i}` < to)
      .map(({ from, zone }) => `${from} ${zone}`),
  );
  expect(held.slice(0, 4)).toEqual([['s0 shop-rs0'], ['s1 shop-rs1'], ['s2 shop-rs2'], ['s3 shop-rs0']]);
  expect(held.every((zones, i) => zones.length === 1 && zones[0]?.startsWith(`s${i} `))).toBe(true);
  expect(ranges).toHaveLength(256);
});

test('more shards than streams, or none, is refused with the way out', () => {
  expect(() => shardingCommands({ database: 'shop', streamCount: 2, shards: ['a', 'b', 'c'] })).toThrow(
    '--streams is 2: 3 shards need at least as many streams.',
  );
  expect(() => shardingCommands({ database: 'shop', streamCount: 2, shards: [] })).toThrow(
    '--shards must name',
  );
});

interface Stream {
  readonly stream: string;
}
