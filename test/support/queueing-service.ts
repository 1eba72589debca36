// A service as queueing theory has it: calls arrive evenly, wait in one line for a few workers, and may then wait for
// somebody else. Time goes in steps of a millisecond and nothing is random, so minutes of it take milliseconds.

import type { AdmissionLimits } from '../../shared/rpc/admission-limits.ts';
import { defaultAdmissionLimits } from '../../shared/rpc/admission-limits.ts';
import { createPlaces, type Place } from '../../shared/rpc/places.ts';
import type { Precedence } from '../../shared/rpc/precedence.ts';
import { silentLog } from './toy-order-server.ts';

export interface QueueingService {
  /** Calls that arrive in a second, by precedence. */
  readonly arrivals: Partial<Record<Precedence, number>>;
  readonly durationMs: number;
  /** The database stands still: nobody is served, and what was begun does not end. */
  readonly standsStill?: boolean;
  /** A service behind this one refuses calls while more than so many are there. */
  readonly behindMax?: number;
}

export interface Tally {
  arrived: number;
  refused: number;
  /** Answered while their caller still waited. */
  good: number;
  late: number;
}

export interface QueueingModel {
  /** Goes on for a while; what was tallied is about the calls that arrived in this while and ended by its end. */
  run(phase: QueueingService): Record<Precedence, Tally>;
}

export interface QueueingModelOptions {
  readonly workers: number;
  readonly workMs: number;
  /** After the work: waiting for another service, without a worker, but with the place. */
  readonly elsewhereMs?: number;
  /** How long a caller waits for its answer. */
  readonly patienceMs: number;
  readonly limits?: Partial<AdmissionLimits>;
  readonly placesMax?: number;
}

interface Call {
  readonly precedence: Precedence;
  readonly arrivedAtMs: number;
  readonly place: Place;
  readonly tally: Record<Precedence, Tally>;
  endsAtMs: number;
}

const noTally = (): Tally => ({ arrived: 0, refused: 0, good: 0, late: 0 });
const startMs = Date.UTC(2026, 10, 24, 12);

export function createQueueingModel(options: QueueingModelOptions): QueueingModel {
  const { workers, workMs, elsewhereMs = 0, patienceMs } = options;
  let nowMs = startMs;
  let waits: number[] = [];
  let pushedBack = false;
  const line: Call[] = [];
  const atWork = new Set<Call>();
  const elsewhere = new Set<Call>();
  const due: Partial<Record<Precedence, number>> = {};

  const places = createPlaces({
    limits: { ...defaultAdmissionLimits, ...options.limits },
    placesMax: options.placesMax ?? 1_000,
    signals: {
      delayMs() {
        const sorted = waits.sort((a, b) => a - b);
        waits = [];
        return sorted[Math.floor(sorted.length / 2)] ?? 0;
      },
      wasPushedBack() {
        const since = pushedBack;
        pushedBack = false;
        return since;
      },
    },
    clock: { nowMs: () => nowMs },
    log: silentLog,
  });

  function arrive(precedence: Precedence, tally: Record<Precedence, Tally>): void {
    tally[precedence].arrived += 1;
    if (!places.hasRoomFor(precedence)) {
      tally[precedence].refused += 1;
      return;
    }
    line.push({ precedence, arrivedAtMs: nowMs, place: places.take(), tally, endsAtMs: 0 });
  }

  function serve(behindMax: number): void {
    for (const call of [...elsewhere]) if (call.endsAtMs <= nowMs) end(call);
    for (const call of [...atWork]) {
      if (call.endsAtMs > nowMs) continue;
      atWork.delete(call);
      call.endsAtMs = nowMs + elsewhereMs;
      if (elsewhere.size >= behindMax) pushedBack = true;
      elsewhere.add(call);
      if (elsewhereMs === 0) end(call);
    }
    while (atWork.size < workers) {
      const next = line.shift();
      if (!next) break;
      waits.push(nowMs - next.arrivedAtMs);
      next.endsAtMs = nowMs + workMs;
      atWork.add(next);
    }
  }

  function end(call: Call): void {
    elsewhere.delete(call);
    call.place.leave({ worked: true });
    call.tally[call.precedence][nowMs - call.arrivedAtMs <= patienceMs ? 'good' : 'late'] += 1;
  }

  return {
    run({ arrivals, durationMs, standsStill = false, behindMax = Number.POSITIVE_INFINITY }) {
      const tally = { begin: noTally(), know: noTally(), continue: noTally(), settle: noTally() };
      for (const untilMs = nowMs + durationMs; nowMs < untilMs; nowMs += 1) {
        for (const [precedence, perSecond] of Object.entries(arrivals) as [Precedence, number][]) {
          due[precedence] = (due[precedence] ?? 0) + perSecond / 1_000;
          for (; (due[precedence] ?? 0) >= 1; due[precedence] = (due[precedence] ?? 0) - 1)
            arrive(precedence, tally);
        }
        if (standsStill) for (const call of [...atWork, ...elsewhere]) call.endsAtMs += 1;
        else serve(behindMax);
      }
      return tally;
    },
  };
}
