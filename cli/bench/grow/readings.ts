// What is read of a site beside its rates: memory, heaps, disk, and whether what fills it is what a service would find.

import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServiceName, serviceNames } from '../../settings.ts';
import { openWire } from '../../wire.ts';
import { createOrders } from '../load/orders.ts';
import type { Site } from '../site.ts';
import { usageOf } from '../usage.ts';
import type { Grown } from './grown.ts';
import { heapInUse } from './heap.ts';

export type EachService<T> = Readonly<Record<ServiceName, T>>;

const askedAgain = 100;

/** Evenly over all of them, from the first on. */
export async function askAgain(site: Site, orders: number): Promise<Grown['asked']> {
  const wire = openWire(site.addresses.order);
  const { place } = createOrders(wire);
  const count = Math.min(askedAgain, orders);
  let replayed = 0;
  try {
    for (let index = 0; index < count; index += 1) {
      const ending = await place(Math.floor((index * orders) / count), 'spread');
      if (ending === 'replayed') replayed += 1;
    }
  } finally {
    wire.close();
  }
  return { count, replayed };
}

export async function rssOf(site: Site): Promise<EachService<number>> {
  return readEach(site, async (_service, pid) => (await usageOf(pid))?.rssBytes ?? Number.NaN);
}

export async function heapsOf(site: Site): Promise<EachService<number | undefined>> {
  return readEach(site, (service, pid) => heapInUse(pid, join(site.dataDir, `${service}.log`)));
}

async function readEach<T>(
  site: Site,
  read: (service: ServiceName, pid: number) => Promise<T>,
): Promise<EachService<T>> {
  const processes = new Map(site.watched());
  const values = await Promise.all(
    serviceNames.map(async (service) => {
      const pid = processes.get(service);
      if (pid === undefined) throw new Error(`${service} is not running`);
      return [service, await read(service, pid)] as const;
    }),
  );
  return Object.fromEntries(values) as EachService<T>;
}

export async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    // The database is at work: a file of its log may be gone already.
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
    if (found?.isFile()) bytes += found.size;
  }
  return bytes;
}
