// One round: a suite of its own, warmed up, then every measurement once.

import type { SourceName } from '../../shared/mongo/index.ts';
import { serviceNodeOptions } from '../node-options.ts';
import { auditOf } from './audit.ts';
import type { Audited } from './audited.ts';
import type { BareAnswer, BareQuestion, BareSetup } from './bare/messages.ts';
import { startFleet } from './load/fleet.ts';
import type { Measured, Round } from './measured.ts';
import { type Part, startPart } from './part.ts';
import { type Bench, runOf } from './phases.ts';
import type { Phase, PhaseName } from './plan.ts';
import type { RawAnswer, RawQuestion, RawSetup } from './raw/messages.ts';
import { openSite, type Site } from './site.ts';
import { windowFromNow } from './window.ts';

export interface RoundOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly phases: readonly Phase[];
  readonly seconds: number;
  readonly loadProcesses: number;
  /** Whether the suite is audited afterwards. */
  readonly audits: boolean;
  begins(says: string): void;
  ended(phase: Phase, measured: Measured): void;
}

export interface DoneRound {
  readonly round: Round;
  /** Where its database came from. */
  readonly database: SourceName;
  readonly audit?: Audited;
}

/**
 * The services' code is compiled by running it, in the first 5,000 orders or so; what comes before that is not what they can
 * do. The bare journals have less code, and do more orders in a second. What is done once for a flush, and not for each order, is
 * compiled after a thousand flushes: that many there are only of orders that come one at a time.
 */
const warmUp = { inFlight: 128, seconds: 10, aloneSeconds: 8, bareSeconds: 5 };

export async function runRound(options: RoundOptions): Promise<DoneRound> {
  const { environment, signal, phases, seconds, loadProcesses, audits, begins, ended } = options;
  begins('starting a suite on an empty database');
  const site = await openSite({ environment, signal });
  const opened: { stop(): Promise<void> }[] = [site];
  const keep = <T extends { stop(): Promise<void> }>(part: T): T => {
    opened.unshift(part);
    return part;
  };
  try {
    const fleet = keep(
      await startFleet({ address: site.addresses.order, processCount: loadProcesses, firstNumber: 0 }),
    );
    const raw = keep(await startRaw(site));
    const bare = keep(await startBare(site));
    const echo = keep(
      await startPart<'where', string>(new URL('./raw/echo-server.ts', import.meta.url), undefined),
    );
    const bench: Bench = { site, fleet, raw, bare, echo, seconds };
    begins('warming up');
    const { inFlight } = warmUp;
    const load = { kind: 'place', spread: 'spread', inFlight } as const;
    // A short benchmark is for trying it out: it need not be warm.
    const warmMs = (secondsWarm: number) => Math.min(secondsWarm, 2 * seconds) * 1_000;
    await fleet.put(load, windowFromNow(warmMs(warmUp.seconds)));
    if (phases.some(({ name }) => name === 'alone')) {
      await fleet.put({ ...load, inFlight: 1 }, windowFromNow(warmMs(warmUp.aloneSeconds)));
    }
    await site.atRest();
    await bare.ask({ inFlight, limit: windowFromNow(warmMs(warmUp.bareSeconds)) });

    const found = new Map<PhaseName, Measured>();
    for (const phase of phases) {
      signal.throwIfAborted();
      begins(phase.says);
      const measured = await runOf[phase.name](bench, phase.name, seconds * phase.share, found);
      found.set(phase.name, measured);
      ended(phase, measured);
    }
    const round: Round = Object.fromEntries(found);
    const database = site.databaseSource;
    if (!audits) return { round, database };
    begins('auditing what was measured');
    return { round, database, audit: await auditOf(site, ordersIn(round)) };
  } finally {
    for (const part of opened) await part.stop();
  }
}

function ordersIn(round: Round): number {
  return Object.values(round).reduce((sum, { confirmedCount = 0 }) => sum + confirmedCount, 0);
}

function startRaw({ databaseUri, databasePrefix }: Site): Promise<Part<RawQuestion, RawAnswer>> {
  const setup: RawSetup = { databaseUri, databaseName: `${databasePrefix}raw` };
  return startPart(new URL('./raw/process.ts', import.meta.url), setup);
}

function startBare({ databaseUri, databasePrefix }: Site): Promise<Part<BareQuestion, BareAnswer>> {
  const setup: BareSetup = { databaseUri, databasePrefix: `${databasePrefix}bare_`, putsGoods: true };
  // As the services run, with which it is compared.
  return startPart(new URL('./bare/process.ts', import.meta.url), setup, serviceNodeOptions);
}
