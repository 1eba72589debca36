// Lets the phases of the load loose one after the other, and the kills beside them.

import { setTimeout as sleep } from 'node:timers/promises';
import { killPlan } from './faults/kill-plan.ts';
import { type Struck, unleash } from './faults/killer.ts';
import type { StormClock } from './load/clock.ts';
import type { Fleet } from './load/fleet.ts';
import type { Counts } from './load/messages.ts';
import type { Percentiles, Sample, Samples } from './load/samples.ts';
import type { StormOptions } from './options.ts';
import { excessShareOf, foundIn, phasesOf } from './phases.ts';
import type { StormState } from './screen/live.ts';
import type { Target } from './target.ts';

export interface LoadDone {
  readonly durationMs: number;
  /** When everything was up again, on the storm's clock. */
  readonly healedAtMs: number;
  readonly ceilingPerSecond: number;
  /** Goodput under three times the ceiling, as a part of it; undefined without an excess. */
  readonly excessShare: number | undefined;
  readonly phases: readonly PhaseDone[];
  /** Everything that was counted until the load had ended. What is asked afterwards is no load. */
  readonly counts: Counts;
  readonly latency: Percentiles;
  readonly answeredPerSecond: number;
  readonly seconds: readonly Sample[];
  readonly struck: readonly Struck[];
}

export interface PhaseDone {
  readonly name: string;
  readonly says: string;
  readonly fromMs: number;
  readonly latency: Percentiles;
}

/** The first requests are answered before the first process dies: a storm on nothing shows nothing. */
const calmBeforeMs = 2_000;
const lookEveryMs = 50;
const healing = 'healing';

export async function putLoad(deps: {
  readonly options: StormOptions;
  readonly seed: number;
  readonly target: Target;
  readonly fleet: Fleet;
  readonly samples: Samples;
  readonly state: StormState;
  readonly clock: StormClock;
  readonly signal: AbortSignal;
}): Promise<LoadDone> {
  const { options, fleet, samples, state, clock, signal } = deps;
  const phases = phasesOf(options.load, options.durationMs);
  const startMs = clock();
  const killer = unleash({
    blows: blowsFor(deps, startMs, phases),
    processes: deps.target.processes ?? new Map(),
    clock,
  });
  state.struck = killer.struck;
  const told: string[] = [];
  const loads: Promise<void>[] = [];
  let isOver = false;
  for (const phase of phases) {
    if (isOver) break;
    const found = foundIn(samples.seconds);
    const says = phase.says(found);
    told.push(says);
    state.doing = says.startsWith(phase.name) ? says : `${phase.name}: ${says}`;
    samples.enter(phase.name, clock());
    const load = fleet.put(phase.load(found), phase.durationMs);
    // Awaited at the end; until then a worker that dies is heard of through `broken`.
    load.catch(() => undefined);
    loads.push(load);
    const endMs = clock() + phase.durationMs;
    while (clock() < endMs && !isOver) {
      await Promise.race([sleep(lookEveryMs), fleet.broken, killer.broken]);
      isOver = signal.aborted || samples.total.calls >= (options.callsMax ?? Number.POSITIVE_INFINITY);
    }
  }
  if (isOver) fleet.stopLoad();
  const durationMs = clock() - startMs;
  state.doing = 'healing: waking up and restarting what is down';
  samples.enter(healing, clock());
  // Healed first: calls to a process that is frozen would wait for it.
  await killer.heal();
  await deps.target.provider?.heal();
  const healedAtMs = clock();
  await Promise.all(loads);
  const counts = { ...samples.total };
  const ceilingPerSecond = foundIn(samples.seconds).ceiling;
  return {
    durationMs,
    healedAtMs,
    ceilingPerSecond,
    excessShare: excessShareOf(samples.seconds, ceilingPerSecond),
    phases: samples.phases().flatMap((phase, index) => {
      const says = told[index];
      return says === undefined ? [] : [{ ...phase, says }];
    }),
    counts,
    latency: samples.overall(),
    answeredPerSecond: (counts.answered * 1_000) / durationMs,
    seconds: samples.seconds.filter(({ phase }) => phase !== healing),
    struck: killer.struck,
  };
}

function blowsFor(
  {
    options,
    seed,
    target,
  }: { readonly options: StormOptions; readonly seed: number; readonly target: Target },
  startMs: number,
  phases: ReturnType<typeof phasesOf>,
) {
  if (!target.processes || options.killEveryMs === undefined) return [];
  const killsMs = phases.reduce((sum, { kills, durationMs }) => (kills ? sum + durationMs : sum), 0);
  return killPlan({
    seed,
    fromMs: startMs + Math.min(calmBeforeMs, killsMs / 4),
    untilMs: startMs + killsMs,
    everyMs: options.killEveryMs,
    targets: [...target.processes.keys()],
    coordinators: target.instances.flatMap(({ name, service }) => (service === 'order' ? name : [])),
    orderDeadlineMs: options.orderDeadlineMs,
  });
}
