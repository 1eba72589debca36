// The order service dies at each point of an order's way, forward and back: right before and right after each write, each
// step of the saga, and each answer. Two files, so that two suites are at it.

import { answers, steps, writes } from '../support/death-points.ts';
import { during, playAll } from '../support/dying-cases.ts';

playAll([
  ...during(
    'an order is confirmed',
    writes('order', ['placed', 'confirmed', 'completed']),
    steps(['reserve_stock', 'create_payment', 'commit_reservation']),
    answers('order', ['PlaceOrder']),
  ),
  ...during('an order is refused for its stock', writes('order', ['cancelled'])),
  ...during(
    'an order is refused for its payment',
    writes('order', ['compensating', 'cancelled']),
    steps(['undo_reserve_stock']),
    answers('order', ['PlaceOrder']),
  ),
  ...during(
    'a confirmed order is cancelled',
    writes('order', ['compensating', 'cancelled']),
    steps(['undo_create_payment', 'undo_reserve_stock']),
    answers('order', ['CancelOrder']),
  ),
]);
