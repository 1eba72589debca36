// What is done on the empty and on the grown database by turns, and on the grown one alone.

import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceName, serviceNames } from '../../settings.ts';
import type { Fleet } from '../load/fleet.ts';
import type { Measured } from '../measured.ts';
import { measureOrders } from '../phases.ts';
import type { Site } from '../site.ts';
import { windowFromNow } from '../window.ts';
import type { Grown, HeapGrowth, Pair } from './grown.ts';
import { type EachService, heapsOf, rssOf } from './readings.ts';

/** A journal writes its checkpoint every five seconds. What is newer a start has to read, on any journal. */
const checkpointMs = 6_000;
/** The services' code is compiled by running it. */
const warmUpSeconds = 10;
/** A hundred thousand orders take minutes. Services that are not done by then are told as they are. */
const serveMsMax = 15 * 60_000;

export interface Place {
  readonly site: Site;
  readonly fleet: Fleet;
}

export interface TurnOptions {
  /** Of each comparison. */
  readonly turns: number;
  readonly signal: AbortSignal;
  readonly seconds: number;
  begins(says: string): void;
}

export async function warmUp({ site, fleet }: Place, seconds: number): Promise<void> {
  const load = { kind: 'place', spread: 'spread', inFlight: 128 } as const;
  await fleet.put(load, windowFromNow(Math.min(warmUpSeconds, 2 * seconds) * 1_000));
  await site.atRest();
}

export async function compareRates(
  places: { readonly empty: Place; readonly grown: Place },
  { turns, seconds, begins, signal }: TurnOptions,
): Promise<Pair[]> {
  const rates: Pair[] = [];
  for (let turn = 1; turn <= turns; turn += 1) {
    signal.throwIfAborted();
    const load = { kind: 'place', spread: 'spread', inFlight: 32 } as const;
    const empty = await measureOrders(places.empty, 'empty', load, seconds);
    const grown = await measureOrders(places.grown, 'grown', load, seconds);
    rates.push({ empty: empty.perSecond, grown: grown.perSecond });
    begins(
      `turn ${turn} of ${turns}: ${sayRate(empty)} on the empty database, ${sayRate(grown)} on the grown one`,
    );
  }
  return rates;
}

/** With the CPU of the suite's processes: where a grown database costs more, it shows at whom. */
function sayRate({ perSecond, odd, usage }: Measured): string {
  const others = Object.entries(odd).map(([what, count]) => ` and ${count} × ${what}`);
  const each = [...serviceNames, 'database'].flatMap((name) => {
    const used = usage[name];
    return used ? `${name} ${used.cpuMsPerCount.toFixed(2)}` : [];
  });
  const cpu = each.length === 0 ? '' : ` (CPU ms each: ${each.join(', ')})`;
  return `${Math.round(perSecond)} orders/s${cpu}${others.join('')}`;
}

/** Many more orders through the services; their heaps half-way, when every bounded memory is full, and at the end. */
export async function serve(
  place: Place,
  count: number,
  { seconds, begins, signal }: TurnOptions,
): Promise<{ heaps: Grown['heaps']; rss: EachService<number>; served: number }> {
  const load = { kind: 'place', spread: 'spread', inFlight: 128 } as const;
  let served = 0;
  const endMs = performance.now() + serveMsMax;
  const serveUntil = async (goal: number) => {
    while (served < goal && performance.now() < endMs) {
      signal.throwIfAborted();
      const { confirmedCount = 0 } = await measureOrders(place, 'served', load, seconds);
      served += confirmedCount;
      begins(`${served} of ${count} more orders through the services`);
    }
  };
  await serveUntil(count / 2);
  const first = await heapsOf(place.site);
  const servedFirst = served;
  // As many again, also where the first half was more than was asked for: a second of a fast machine can be all of it.
  await serveUntil(Math.max(count, servedFirst + count / 2));
  // Before the collection: as it is in use.
  const rss = await rssOf(place.site);
  const last = await heapsOf(place.site);
  const heaps: Partial<Record<ServiceName, HeapGrowth>> = {};
  for (const service of serviceNames) {
    const [firstBytes, lastBytes] = [first[service], last[service]];
    if (firstBytes === undefined || lastBytes === undefined) continue;
    if (served > servedFirst) heaps[service] = { firstBytes, lastBytes, orders: served - servedFirst };
  }
  return { heaps, rss, served };
}

export async function compareStarts(
  empty: Site,
  grown: Site,
  { turns, begins, signal }: TurnOptions,
): Promise<Pair[]> {
  begins('starting the services again');
  await sleep(checkpointMs);
  const pairs: Pair[] = [];
  for (let turn = 1; turn <= turns; turn += 1) {
    signal.throwIfAborted();
    const pair = { empty: await restart(empty), grown: await restart(grown) };
    pairs.push(pair);
    begins(
      `turn ${turn} of ${turns}: three starts took ${Math.round(pair.empty)} ms on the empty database, ${Math.round(pair.grown)} ms on the grown one`,
    );
  }
  return pairs;
}

/** One service after the other, with how long the three starts took. */
export async function restart(site: Site): Promise<number> {
  let tookMs = 0;
  for (const service of serviceNames) {
    await site.stopService(service);
    tookMs += await site.startService(service);
  }
  return tookMs;
}
