// The services behind the order service die at each point of an order's way, forward and back: right before and right after
// each write and each answer.

import { answers, writes } from '../support/death-points.ts';
import { during, playAll } from '../support/dying-cases.ts';

playAll([
  ...during(
    'an order is confirmed',
    writes('inventory', ['reservation-requested', 'units-held', 'reservation-committed', 'units-sold']),
    answers('inventory', ['ReserveStock', 'CommitReservation']),
  ),
  ...during(
    'an order is refused for its stock',
    writes('inventory', ['hold-refused', 'reservation-refused']),
    answers('inventory', ['ReserveStock']),
  ),
  ...during(
    'an order is refused for its payment',
    writes('inventory', ['reservation-released', 'units-freed', 'reservation-settled']),
    answers('inventory', ['ReleaseReservation']),
  ),
  ...during(
    'a confirmed order is cancelled',
    writes('inventory', ['reservation-released', 'units-returned', 'reservation-settled']),
  ),
  ...during('an order is cancelled before its stock was held', writes('inventory', ['reservation-released'])),
  ...during('an order is confirmed', writes('payment', ['captured']), answers('payment', ['CreatePayment'])),
  ...during(
    'an order is refused for its payment',
    writes('payment', ['declined']),
    answers('payment', ['CreatePayment']),
  ),
  ...during(
    'a confirmed order is cancelled',
    writes('payment', ['cancelled']),
    answers('payment', ['CancelPayment']),
  ),
  ...during('an order is cancelled before its payment came', writes('payment', ['tombstoned'])),
  ...during(
    'an order is cancelled after its payment was declined in silence',
    writes('payment', ['found_settled']),
  ),
]);
