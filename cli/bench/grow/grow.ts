// Growth: a suite on a database with many orders beside one on an empty database, measured by turns, so that a noisy minute of
// the machine meets both.

import { serviceNames } from '../../settings.ts';
import { auditOf } from '../audit.ts';
import { startFleet } from '../load/fleet.ts';
import { openSite, type Site } from '../site.ts';
import { fillJournals } from './fill.ts';
import type { Grown, Pair } from './grown.ts';
import { inspectorOption } from './heap.ts';
import { askAgain, bytesIn, type EachService, rssOf } from './readings.ts';
import { measureStream } from './stream.ts';
import { compareRates, compareStarts, type Place, restart, serve, warmUp } from './turns.ts';

export interface GrowOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly orders: number;
  /** Of each comparison. */
  readonly turns: number;
  readonly loadProcesses: number;
  readonly seconds: number;
  begins(says: string): void;
}

/** Of the orders that fill the journals, so many more go through the services: what they keep of each shows in their heaps. */
const servedShare = 0.1;

export async function grow(options: GrowOptions): Promise<Grown> {
  const { orders, turns, loadProcesses, seconds, signal, begins } = options;
  const environment = {
    ...options.environment,
    NODE_OPTIONS: `${options.environment['NODE_OPTIONS'] ?? ''} ${inspectorOption}`.trim(),
  };
  const opened: { stop(): Promise<void> }[] = [];
  const keep = <T extends { stop(): Promise<void> }>(part: T): T => {
    opened.unshift(part);
    return part;
  };
  async function placeOn(site: Site, firstNumber: number): Promise<Place> {
    const { order: address } = site.addresses;
    return { site, fleet: keep(await startFleet({ address, processCount: loadProcesses, firstNumber })) };
  }

  try {
    begins('starting a suite on an empty database, to fill it');
    const site = keep(await openSite({ environment, signal }));
    for (const service of serviceNames) await site.stopService(service);
    const fillSeconds = await fillJournals(site, orders, (done, perSecond) => {
      begins(`appended ${done} of ${orders} orders straight to the journals, ${Math.round(perSecond)}/s`);
      signal.throwIfAborted();
    });
    const databaseBytes = options.environment['MONGODB_URI'] ? undefined : await bytesIn(site.dataDir);
    for (const service of serviceNames) await site.startService(service);
    const asked = await askAgain(site, orders);

    begins('starting a suite on an empty database beside it');
    const emptySite = keep(await openSite({ environment, signal }));
    const places = { empty: await placeOn(emptySite, 0), grown: await placeOn(site, orders) };
    // What asking again and putting the goods in made them remember is forgotten on both.
    for (const place of [emptySite, site]) await restart(place);
    const [coldRates] = await compareRates(places, { ...options, turns: 1 });
    for (const place of [places.empty, places.grown]) await warmUp(place, seconds);
    const rates = await compareRates(places, options);
    const emptyRss = await rssOf(emptySite);
    const toServe = Math.ceil(orders * servedShare);
    const { heaps, rss, served } = await serve(places.grown, toServe, options);
    const startsMs = await compareStarts(emptySite, site, options);
    const stream = await measureStream({ site, entries: orders, turns, seconds: seconds / 4, begins });
    begins('auditing what there is now');
    const audit = await auditOf(site, orders + served);
    return {
      orders,
      fillSeconds,
      ...(databaseBytes === undefined ? {} : { databaseBytes }),
      asked,
      ...(coldRates ? { coldRates } : {}),
      rates,
      served,
      toServe,
      rssBytes: pairs(emptyRss, rss),
      heaps,
      startsMs,
      stream,
      audit,
    };
  } finally {
    for (const part of opened) await part.stop();
  }
}

function pairs(empty: EachService<number>, grown: EachService<number>): EachService<Pair> {
  const of = (service: keyof EachService<number>) => ({ empty: empty[service], grown: grown[service] });
  return { order: of('order'), inventory: of('inventory'), payment: of('payment') };
}
