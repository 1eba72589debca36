// The services behind the order service die at each point of an order's way, forward and back: right before and right after
// each write and each answer.

import { answers, playAll, writes } from '../support/dying-points.ts';

playAll([
  ...writes('inventory', 'an order is confirmed', [
    'reservation-requested',
    'units-held',
    'reservation-committed',
    'units-sold',
  ]),
  ...answers('inventory', 'an order is confirmed', ['ReserveStock', 'CommitReservation']),
  ...writes('inventory', 'an order is refused for its stock', ['hold-refused', 'reservation-refused']),
  ...answers('inventory', 'an order is refused for its stock', ['ReserveStock']),
  ...writes('inventory', 'an order is refused for its payment', [
    'reservation-released',
    'units-freed',
    'reservation-settled',
  ]),
  ...answers('inventory', 'an order is refused for its payment', ['ReleaseReservation']),
  ...writes('inventory', 'a confirmed order is cancelled', [
    'reservation-released',
    'units-returned',
    'reservation-settled',
  ]),
  ...writes('inventory', 'an order is cancelled before its stock was held', ['reservation-released']),

  ...writes('payment', 'an order is confirmed', ['captured']),
  ...answers('payment', 'an order is confirmed', ['CreatePayment']),
  ...writes('payment', 'an order is refused for its payment', ['declined']),
  ...answers('payment', 'an order is refused for its payment', ['CreatePayment']),
  ...writes('payment', 'a confirmed order is cancelled', ['cancelled']),
  ...answers('payment', 'a confirmed order is cancelled', ['CancelPayment']),
  ...writes('payment', 'an order is cancelled before its payment came', ['tombstoned']),
  ...writes('payment', 'an order is cancelled after its payment was declined in silence', ['found_settled']),
]);
