// I4: a reservation holds a SKU at most once; what is held is sold or freed at most once, what is sold comes back at most
// once, in parts or at the end; a reservation settles once, in a legal order; and its units end where its status wants them.
//
// The order of one SKU's moves, and of one reservation's statuses, is the order of their streams. The two belong
// together only at the end, because they may be in different streams. Lines whose stock is in one stream move together, so
// one refused line speaks for all of them, and at no moment are they in different places.

import type { RecordedOp } from '../../../shared/journal/index.ts';
import { isStock, reservationEntity, scopedOf, skuOf, stockEntity } from '../domain/names.ts';
import type { ReservationChange } from '../domain/reservation.ts';
import type { Line, ReservationState } from '../domain/reservation-state.ts';
import type { Finding } from './finding.ts';
import { createReturnAudit, type ReturnAudit } from './return-audit.ts';

/**
 * Clocks of several processes differ a little, so the order of ops in different streams is known to this much only.
 * Units that are not where they should be, but moved so shortly before the audit's cut, are under way, not wrong.
 */
export const clockSkewMsMax = 5_000;

type Status = ReservationState['status'];

/** What a reservation did, for comparing with the orders. */
export interface ReservationFact {
  /** Its name with its caller. */
  readonly scoped: string;
  readonly reference: string;
  /** `held`: requested, with every line held. */
  readonly status: Status | 'held';
  readonly heldUnits: number;
  readonly soldUnits: number;
}

/** A reservation at the end of the journal. */
export interface ReservationVerdict {
  readonly fact: ReservationFact;
  readonly findings: readonly Finding[];
  /** It moved so shortly before the cut that it cannot be judged. */
  readonly isUnderWay: boolean;
}

export interface ReservationAudit {
  /** Takes the next op of its stream, of a reservation or of stock, and returns moves that were not legal. */
  take(op: RecordedOp): readonly Finding[];
  /** After the last op. */
  verdicts(): Iterable<ReservationVerdict>;
  count(): number;
}

type Stage = 'refused' | 'held' | 'sold' | 'freed' | 'returned';

interface Track {
  status: Status | undefined;
  isSettled: boolean;
  lines: readonly Line[];
  reference: string;
  /** `unsold`: what the release took back of it. */
  readonly moved: Map<string, { stage: Stage; quantity: number; unsold: number }>;
  /** The streams in which a line was refused, and with it all of its lines there. */
  readonly refusedIn: string[];
  readonly returns: ReturnAudit;
  lastAtMs: number;
}

/** Which move may follow which stage of a line; `none` is the beginning. */
const moves: Readonly<Record<string, { from: Stage | 'none'; to: Stage }>> = {
  'hold-refused': { from: 'none', to: 'refused' },
  'units-held': { from: 'none', to: 'held' },
  'units-sold': { from: 'held', to: 'sold' },
  'units-freed': { from: 'held', to: 'freed' },
  'units-returned': { from: 'sold', to: 'returned' },
};

/** Moves of a part of a line. */
const partMoves: ReadonlySet<string> = new Set(['units-taken-back', 'units-written-off']);

/** Which status may follow which; `none` is the beginning. */
const turns: Readonly<Record<string, { from: readonly (Status | 'none')[]; to: Status }>> = {
  'reservation-requested': { from: ['none'], to: 'requested' },
  'reservation-refused': { from: ['requested'], to: 'refused' },
  'reservation-committed': { from: ['requested'], to: 'committed' },
  'reservation-released': { from: ['none', 'requested', 'refused', 'committed'], to: 'released' },
};

/** Where a line's units may be while the reservation has this status, and once that status is settled. */
const places: Readonly<Record<Status, { onTheWay: readonly string[]; settled: readonly string[] }>> = {
  requested: { onTheWay: ['none', 'held', 'refused', 'freed'], settled: [] },
  refused: { onTheWay: [], settled: ['refused', 'freed'] },
  committed: { onTheWay: ['held', 'sold'], settled: ['sold'] },
  released: {
    onTheWay: ['none', 'refused', 'held', 'sold', 'freed', 'returned'],
    settled: ['refused', 'freed', 'returned'],
  },
};

/** `cutAt`: ops from then on are not given to it. `streamOf`: the journal's. */
export function createReservationAudit({
  cutAt,
  streamOf,
}: {
  cutAt: Date;
  streamOf: (entity: string) => string;
}): ReservationAudit {
  const tracks = new Map<string, Track>();

  function trackOf(scoped: string, at: Date): Track {
    let track = tracks.get(scoped);
    if (!track) {
      track = {
        status: undefined,
        isSettled: false,
        lines: [],
        reference: '',
        moved: new Map(),
        refusedIn: [],
        returns: createReturnAudit(),
        lastAtMs: 0,
      };
      tracks.set(scoped, track);
    }
    track.lastAtMs = Math.max(track.lastAtMs, at.getTime());
    return track;
  }

  function* verdicts(): Iterable<ReservationVerdict> {
    for (const [scoped, track] of tracks) {
      if (track.status === undefined && track.moved.size === 0) continue;
      const isFresh = track.lastAtMs > cutAt.getTime() - clockSkewMsMax;
      const wrong = [...misplaced(track, streamOf), ...divided(track, streamOf)];
      yield {
        fact: factOf(scoped, track),
        isUnderWay: isFresh && wrong.length > 0,
        findings: isFresh ? [] : wrong.map((description) => finding(scoped, description)),
      };
    }
  }

  return {
    verdicts,
    count: () => tracks.size,
    take(op) {
      if (!isStock(op.entity)) {
        const scoped = scopedOf(op.entity);
        // The casts are safe for what this service wrote.
        const change = { type: op.type, data: op.data } as ReservationChange;
        return turn(trackOf(scoped, op.at), change).map((description) => finding(scoped, description));
      }
      const move = moves[op.type];
      if (!move && !partMoves.has(op.type)) return [];
      const data = op.data as { reservation: string; quantity?: number; return?: string };
      const { reservation: scoped, quantity = 0, return: returnId = '' } = data;
      const sku = skuOf(op.entity);
      const track = trackOf(scoped, op.at);
      const { moved, returns } = track;
      const before = moved.get(sku);
      const stage = stageOf(track, sku, op.stream);
      const say = (faults: string[]) => faults.map((description) => finding(scoped, description));
      if (!move) {
        const backOnSale = op.type === 'units-taken-back';
        const faults = returns.move(returnId, sku, { quantity, backOnSale });
        // A release may have taken back the rest before.
        if (stage === 'sold' || stage === 'returned') return say(faults);
        return say([...faults, `${sku}: ${op.type} after ${stage}`]);
      }
      if (move.to === 'refused') track.refusedIn.push(op.stream);
      moved.set(sku, {
        stage: move.to,
        quantity: move.from === 'none' ? quantity : (before?.quantity ?? quantity),
        unsold: move.to === 'returned' ? quantity : 0,
      });
      if (stage !== move.from) return say([`${sku}: ${op.type} after ${stage}`]);
      // What a release takes back is what returns have left: known at the end only.
      if (before && before.quantity !== quantity && move.to !== 'returned') {
        return say([`${sku}: ${op.type} moves ${quantity} units of ${before.quantity}`]);
      }
      return [];
    },
  };
}

function turn(track: Track, change: ReservationChange): string[] {
  const from = track.status ?? 'none';
  if (change.type === 'return-settled') return track.returns.settle(change.data.returnId);
  if (change.type === 'return-requested') {
    const { returnId, lines, backOnSale } = change.data;
    const faults = track.returns.ask(returnId, lines, backOnSale);
    return from === 'committed' ? faults : [...faults, `return ${returnId} is asked for while ${from}`];
  }
  if (change.type === 'reservation-settled') {
    track.isSettled = true;
    return from === 'committed' || from === 'released' ? [] : [`settled while ${from}`];
  }
  const step = turns[change.type];
  if (!step) return [];
  if (change.type === 'reservation-requested') {
    track.lines = change.data.lines;
    track.reference = change.data.reference;
  }
  track.status = step.to;
  // A refusal is recorded last, and a tombstone leaves nothing to do. A commit says whether it sold everything itself.
  track.isSettled =
    step.to === 'refused' ||
    (step.to === 'released' && from === 'none') ||
    (change.type === 'reservation-committed' && change.data.settled);
  return step.from.includes(from) ? [] : [`${change.type} while ${from}`];
}

function stageOf({ moved, refusedIn }: Track, sku: string, stream: string): Stage | 'none' {
  return moved.get(sku)?.stage ?? (refusedIn.includes(stream) ? 'refused' : 'none');
}

/** Of a line that returns took back whole, a release finds nothing left to do. */
function isReturnedWhole(
  { status, returns }: Track,
  { sku, quantity }: Line,
  stage: Stage | 'none',
): boolean {
  return status === 'released' && stage === 'sold' && returns.askedUnits(sku) === quantity;
}

function misplaced(track: Track, streamOf: (entity: string) => string): string[] {
  const { status, isSettled, lines, moved, returns } = track;
  if (status === undefined) return ['units moved for a reservation that nobody asked for'];
  const allowed = isSettled ? places[status].settled : places[status].onTheWay;
  const wanted = new Map(lines.map(({ sku, quantity }) => [sku, quantity]));
  const lineFaults = lines.flatMap((line) => {
    const { sku, quantity } = line;
    const at = moved.get(sku);
    const stage = stageOf(track, sku, streamOf(stockEntity(sku)));
    const asked = returns.askedUnits(sku);
    if (!allowed.includes(stage) && !isReturnedWhole(track, line, stage)) {
      return [`${sku} is ${stage} while the reservation is ${status}`];
    }
    if (at && stage !== 'refused' && at.quantity !== quantity) {
      return [`${sku}: ${at.quantity} units moved, ${quantity} were asked for`];
    }
    if (asked > quantity) return [`${sku}: ${asked} units are to come back of ${quantity}`];
    if (stage === 'returned' && at && at.unsold + asked !== quantity) {
      return [`${sku}: the release took back ${at.unsold} units, returns ${asked}, of ${quantity}`];
    }
    return [];
  });
  const strangers = [...moved.keys()].filter((sku) => !wanted.has(sku));
  return [
    ...lineFaults,
    ...returns.faults(),
    ...strangers.map((sku) => `${sku} moved, but the reservation has no such line`),
  ];
}

/** Lines of one stream that are not in one place. */
function divided(track: Track, streamOf: (entity: string) => string): string[] {
  const firsts = new Map<string, { sku: string; stage: string }>();
  return track.lines.flatMap((line) => {
    const { sku } = line;
    const stream = streamOf(stockEntity(sku));
    const stage = stageOf(track, sku, stream);
    if (isReturnedWhole(track, line, stage)) return [];
    const first = firsts.get(stream);
    if (!first) firsts.set(stream, { sku, stage });
    if (!first || first.stage === stage) return [];
    return [`${sku} is ${stage} and ${first.sku} is ${first.stage}, but they move together`];
  });
}

function factOf(
  scoped: string,
  { status = 'requested', reference, lines, moved, returns }: Track,
): ReservationFact {
  const heldUnits = [...moved.values()].reduce(
    (sum, { stage, quantity }) => sum + (stage === 'held' ? quantity : 0),
    0,
  );
  const isHeld = status === 'requested' && lines.every(({ sku }) => moved.get(sku)?.stage === 'held');
  return {
    scoped,
    reference,
    status: isHeld ? 'held' : status,
    heldUnits,
    soldUnits: [...moved].reduce((sum, [sku, { stage, quantity, unsold }]) => {
      const wasSold = stage === 'sold' || stage === 'returned';
      return wasSold ? sum + quantity - unsold - returns.movedUnits(sku) : sum;
    }, 0),
  };
}

function finding(scoped: string, description: string): Finding {
  return { invariant: 'I4', entity: reservationEntity(scoped), description };
}
