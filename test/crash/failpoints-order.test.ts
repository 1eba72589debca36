// The order service dies at each point of an order's way, forward and back: right before and right after each write, each
// step of the saga, and each answer. Two files, so that two suites are at it.

import { answers, playAll, steps, writes } from '../support/dying-points.ts';

playAll([
  ...writes('order', 'an order is confirmed', ['placed', 'confirmed', 'completed']),
  ...steps('an order is confirmed', ['reserve_stock', 'create_payment', 'commit_reservation']),
  ...answers('order', 'an order is confirmed', ['PlaceOrder']),
  ...writes('order', 'an order is refused for its stock', ['cancelled']),
  ...writes('order', 'an order is refused for its payment', ['compensating', 'cancelled']),
  ...steps('an order is refused for its payment', ['undo_reserve_stock']),
  ...answers('order', 'an order is refused for its payment', ['PlaceOrder']),
  ...writes('order', 'a confirmed order is cancelled', ['compensating', 'cancelled']),
  ...steps('a confirmed order is cancelled', ['undo_create_payment', 'undo_reserve_stock']),
  ...answers('order', 'a confirmed order is cancelled', ['CancelOrder']),
]);
