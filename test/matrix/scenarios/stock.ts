// Scenarios of items and of reservations that no order made.

import { type Scenario, scenarioOf } from '../scenario.ts';
import { type Mark, recorded } from '../striker.ts';

const working = (rpc: string): Mark => ({ service: 'inventory', place: 'rpc.before_handler', detail: rpc });
const written = (type: string): Mark => ({
  service: 'inventory',
  place: recorded,
  detail: type,
});
const releasing = working('ReleaseReservation');

const rest = '10000 | 0 - 0';
const sold = `8 0 2 | 9 0 1 | ${rest}`;
const untouched = `10 0 0 | 10 0 0 | ${rest}`;

/** What happens to a reservation, in so many streams. */
const reservationsIn = (streamCount: number, where = ''): readonly Scenario[] => [
  scenarioOf(`reservation sold${where}`, {
    shop: { streamCount },
    script: [{ kind: 'reserve' }, { kind: 'commit' }],
    endings: [`ReserveStock done, CommitReservation done | ${sold}`],
  }),
  scenarioOf(`reservation refused${where}`, {
    shop: { streamCount, onHand: [10, 0] },
    script: [{ kind: 'reserve' }],
    turn: written('hold-refused'),
    endings: [`ReserveStock INSUFFICIENT_STOCK | 10 0 0 | 0 0 0 | ${rest}`],
  }),
  scenarioOf(`reservation released${where}`, {
    shop: { streamCount },
    script: [{ kind: 'reserve' }, { kind: 'release' }],
    turn: releasing,
    endings: [`ReserveStock done, ReleaseReservation done | ${untouched}`],
  }),
  scenarioOf(`reservation released while it is made${where}`, {
    shop: { streamCount },
    script: [{ kind: 'reserve' }, { kind: 'release', at: working('ReserveStock') }],
    turn: releasing,
    endings: [
      `ReserveStock done, ReleaseReservation done | ${untouched}`,
      `ReserveStock REQUEST_CANCELLED, ReleaseReservation done | ${untouched}`,
    ],
  }),
  scenarioOf(`reservation released when it is sold${where}`, {
    shop: { streamCount },
    script: [{ kind: 'reserve' }, { kind: 'commit' }, { kind: 'release' }],
    turn: releasing,
    endings: [`ReserveStock done, CommitReservation done, ReleaseReservation done | ${untouched}`],
  }),
  scenarioOf(`reservation released while it is sold${where}`, {
    shop: { streamCount },
    script: [{ kind: 'reserve' }, { kind: 'commit' }, { kind: 'release', at: working('CommitReservation') }],
    turn: releasing,
    endings: [
      `ReserveStock done, CommitReservation done, ReleaseReservation done | ${untouched}`,
      `ReserveStock done, CommitReservation RESERVATION_RELEASED, ReleaseReservation done | ${untouched}`,
    ],
  }),
  scenarioOf(`reservation of which units go back on sale${where}`, {
    shop: { streamCount },
    script: [{ kind: 'reserve' }, { kind: 'commit' }, { kind: 'returnStock' }],
    endings: [`ReserveStock done, CommitReservation done, ReturnStock done | 9 0 1 | 9 0 1 | ${rest}`],
  }),
  scenarioOf(`reservation released while units go back${where}`, {
    shop: { streamCount },
    script: [
      { kind: 'reserve' },
      { kind: 'commit' },
      { kind: 'returnStock' },
      { kind: 'release', at: working('ReturnStock') },
    ],
    turn: releasing,
    endings: [
      `ReserveStock done, CommitReservation done, ReturnStock RESERVATION_RELEASED, ReleaseReservation done | ${untouched}`,
      `ReserveStock done, CommitReservation done, ReturnStock done, ReleaseReservation done | ${untouched}`,
    ],
  }),
  scenarioOf(`reservation whose time runs out${where}`, {
    shop: { streamCount, wish: { ttlMs: 5_000 } },
    script: [{ kind: 'reserve' }],
    turn: written('reservation-released'),
    endings: [`ReserveStock done | ${untouched}`, `ReserveStock REQUEST_CANCELLED | ${untouched}`],
  }),
  scenarioOf(`reservation sold after its time${where}`, {
    shop: { streamCount, wish: { ttlMs: 1_000 } },
    script: [{ kind: 'reserve' }, { kind: 'commit' }],
    turn: written('reservation-released'),
    endings: [
      `ReserveStock done, CommitReservation RESERVATION_RELEASED | ${untouched}`,
      // Its time was over before a crash let it be held.
      `ReserveStock REQUEST_CANCELLED, CommitReservation RESERVATION_RELEASED | ${untouched}`,
    ],
  }),
];

export const stock: readonly Scenario[] = [
  scenarioOf('stock received', {
    script: [{ kind: 'adjust' }],
    endings: [`AdjustStock done | 310 0 0 | 10 0 0 | ${rest}`],
  }),
  scenarioOf('stock deducted that is not there', {
    shop: { onHand: [7, 7] },
    script: [{ kind: 'adjust', variant: 1 }],
    endings: [`AdjustStock INSUFFICIENT_STOCK | 7 0 0 | 7 0 0 | ${rest}`],
  }),
  scenarioOf('item repriced', { script: [{ kind: 'reprice' }], endings: [`PutItem done | ${untouched}`] }),
  scenarioOf('item deleted', {
    script: [{ kind: 'delete' }],
    endings: [`DeleteItem done | 0 0 0 | 10 0 0 | ${rest}`],
  }),
  ...reservationsIn(1),
  scenarioOf('reservation of which units are written off', {
    script: [
      { kind: 'reserve', target: 1 },
      { kind: 'commit', target: 1 },
      { kind: 'returnStock', target: 1 },
    ],
    endings: [`ReserveStock done, CommitReservation done, ReturnStock done | 8 0 1 | 9 0 1 | ${rest}`],
  }),
  scenarioOf('reservation released before it is made', {
    script: [{ kind: 'release' }, { kind: 'reserve' }],
    turn: releasing,
    endings: [`ReleaseReservation done, ReserveStock REQUEST_CANCELLED | ${untouched}`],
  }),
  // By the hash of their names: the lines together, their reservation elsewhere.
  ...reservationsIn(3, ', its stock in another stream'),
  // The first line beside the reservation, the second one elsewhere.
  ...reservationsIn(4, ', its stock in two streams'),
];
