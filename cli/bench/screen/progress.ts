// What a person sees while it runs: a line for each measurement, with what it cost each process.

import { bold, dim, report } from '../../console.ts';
import { serviceNames } from '../../settings.ts';
import { sayCount, sayMs, tally } from '../../storm/screen/words.ts';
import type { Audited } from '../audited.ts';
import type { Grown } from '../grow/grown.ts';
import type { InsertChains } from '../inserts/chains.ts';
import type { Measured } from '../measured.ts';
import type { Phase } from '../plan.ts';

const nameWidth = 14;

export function sayBegins(where: string, says: string): void {
  report(dim(`${where}: ${says}`));
}

export function sayMeasured(phase: Phase, measured: Measured): void {
  const { perSecond, latency, duplicates, offeredPerSecond, documentsPerOrder, settledMs } = measured;
  const parts = [
    bold(`${sayCount(perSecond)}/s`),
    latency ? `p50 ${sayMs(latency.p50Ms)} p99 ${sayMs(latency.p99Ms)}` : 'nothing was answered',
    offeredPerSecond === undefined ? '' : `of ${sayCount(offeredPerSecond)}/s offered`,
    duplicates ? `and ${sayCount(duplicates.perSecond)} duplicates/s` : '',
    documentsPerOrder === undefined ? '' : `${documentsPerOrder.toFixed(2)} documents an order`,
    settledMs === undefined ? '' : `settled after ${sayMs(settledMs)}`,
  ];
  report(`  ${phase.name.padEnd(nameWidth)}${parts.filter((part) => part !== '').join(', ')}`);
  report(dim(`  ${' '.repeat(nameWidth)}${usageLine(measured)}`));
  for (const [what, count] of Object.entries(measured.odd))
    report(`  ${' '.repeat(nameWidth)}${count} × ${what}`);
}

/** CPU of each process for one order (or call, or insert), and what the rest of the machine took. */
function usageLine({ usage, machine }: Measured): string {
  const names = Object.entries(usage)
    .filter(([, { cpuSeconds }]) => cpuSeconds > 0)
    .map(
      ([name, { cpuSeconds, cpuMsPerCount }]) =>
        `${name} ${cpuMsPerCount.toFixed(3)} (${cpuSeconds.toFixed(2)} s)`,
    );
  if (names.length === 0) return 'CPU cannot be read on this system';
  const others = machine
    ? `; others ${machine.othersSeconds.toFixed(2)} s, stolen ${machine.stolenSeconds.toFixed(2)} s`
    : '';
  return `CPU ms each: ${names.join(', ')}${others}`;
}

export function sayInserts({ chains }: InsertChains): void {
  for (const [chain, count] of tally(chains.map((each) => each.join(', ')))) {
    report(`  ${'inserts'.padEnd(nameWidth)}${bold(chain)}, before ${count} answers`);
  }
}

export function sayGrown(grown: Grown): void {
  const { orders, fillSeconds, databaseBytes, asked, served, rssBytes, heaps, stream, audit } = grown;
  const line = (name: string, says: string) => report(`  ${name.padEnd(nameWidth)}${says}`);
  line(
    'filled',
    `${sayCount(orders)} orders in ${sayCount(fillSeconds)} s${databaseBytes === undefined ? '' : `, ${sayCount(databaseBytes / 1e6)} MB on disk`}; of ${asked.count} asked again ${asked.replayed} were replays`,
  );
  line('served', `${sayCount(served)} more through the services`);
  for (const service of serviceNames) {
    const heap = heaps[service];
    const kept = heap
      ? `, ${((heap.lastBytes - heap.firstBytes) / heap.orders).toFixed(1)} bytes of heap kept for each of ${sayCount(heap.orders)} orders`
      : '';
    const { empty, grown: now } = rssBytes[service];
    line(service, `${sayCount(now / 1e6)} MB (${sayCount(empty / 1e6)} MB on the empty database)${kept}`);
  }
  line(
    'stream',
    `${sayCount(stream.entries)} entries, opened without a checkpoint in ${sayMs(stream.openWithoutCheckpointMs)}`,
  );
  for (const [task, pairs] of Object.entries(stream.tasks)) {
    const last = pairs.at(-1);
    if (last) line('', `${task}: p50 ${sayMs(last.empty)} on ten entries, ${sayMs(last.grown)} there`);
  }
  sayAudited(audit);
}

export function sayAudited(audited: Audited): void {
  const says = audited.asked
    ? `of ${sayCount(audited.orders)} orders: ${Object.entries(audited.verdicts)
        .map(([invariant, verdict]) => `${invariant} ${verdict}`)
        .join(', ')}`
    : 'not asked: so many orders are more than an audit keeps in memory';
  report(`  ${'audit'.padEnd(nameWidth)}${says}`);
}
