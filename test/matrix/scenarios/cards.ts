// Scenarios of card payments: for orders, and by callers of their own.

import { type Scenario, scenarioOf } from '../scenario.ts';
import { type Mark, recorded } from '../striker.ts';

const good = { wish: { card: 'good' } } as const;
const declined = { wish: { card: 'declined' } } as const;

const capturing: Mark = { service: 'payment', place: 'card.before_provider', detail: 'capture' };
const undoing: Mark = { service: 'payment', place: 'rpc.before_handler', detail: 'CancelPayment' };
const cancelling: Mark = { service: 'order', place: 'rpc.before_handler', detail: 'CancelOrder' };
const written = (type: string): Mark => ({ service: 'payment', place: recorded, detail: type });
const attentionAsked: Mark = { service: 'order', place: recorded, detail: 'needs_attention' };
const turned: Mark = { service: 'order', place: recorded, detail: 'compensating' };

const untouched = '10 0 0 | 10 0 0 | 10000';
/** The charge was undone, or never made; either way nothing is kept. */
const withNothingKept = (answers: string, taken: number) => [
  `${answers} | ${untouched} | ${taken} - ${taken}`,
  `${answers} | ${untouched} | 0 - 0`,
];
const cancelledTooLate = withNothingKept('PlaceOrder ORDER_TOO_LATE, CancelOrder done', 2100);

export const cards: readonly Scenario[] = [
  scenarioOf('order by card', {
    shop: good,
    script: [{ kind: 'place' }],
    endings: ['PlaceOrder done | 8 0 2 | 9 0 1 | 10000 | 2100 - 0'],
    lateEndings: withNothingKept('PlaceOrder ORDER_TOO_LATE', 2100),
  }),
  scenarioOf('order by a card that is declined', {
    shop: declined,
    script: [{ kind: 'place' }],
    turn: turned,
    endings: [`PlaceOrder PAYMENT_DECLINED | ${untouched} | 0 - 0`],
    lateEndings: [`PlaceOrder ORDER_TOO_LATE | ${untouched} | 0 - 0`],
  }),
  scenarioOf('order by card cancelled while it is charged', {
    shop: good,
    script: [{ kind: 'place' }, { kind: 'cancel', at: capturing }],
    turn: cancelling,
    endings: [
      ...withNothingKept('PlaceOrder REQUEST_CANCELLED, CancelOrder done', 2100),
      `PlaceOrder done, CancelOrder done | ${untouched} | 2100 - 2100`,
    ],
    lateEndings: cancelledTooLate,
  }),
  scenarioOf('order by card cancelled when all is done', {
    shop: good,
    script: [{ kind: 'place' }, { kind: 'cancel' }],
    turn: cancelling,
    endings: [`PlaceOrder done, CancelOrder done | ${untouched} | 2100 - 2100`],
    lateEndings: cancelledTooLate,
  }),
  scenarioOf('order by card of which lines go back on sale', {
    shop: good,
    script: [{ kind: 'place' }, { kind: 'refundLines' }],
    endings: [`PlaceOrder done, RefundOrderLines done | 9 0 1 | 9 0 1 | 10000 | 2100 - 450`],
    lateEndings: withNothingKept('PlaceOrder ORDER_TOO_LATE, RefundOrderLines ORDER_NOT_CONFIRMED', 2100),
  }),
  scenarioOf('order by card whose refund fails first, cancelled, and driven by an operator', {
    shop: { wish: { card: 'refundFailsFirst' } },
    script: [{ kind: 'place' }, { kind: 'cancel' }, { kind: 'retry', at: attentionAsked }],
    turn: cancelling,
    endings: [`PlaceOrder done, CancelOrder done, RetrySaga done | ${untouched} | 2100 - 2100`],
    lateEndings: withNothingKept('PlaceOrder ORDER_TOO_LATE, CancelOrder done, RetrySaga done', 2100),
  }),
  scenarioOf('card payment', {
    shop: good,
    script: [{ kind: 'pay' }],
    endings: [`CreatePayment done | ${untouched} | 300 - 0`],
  }),
  scenarioOf('card payment that is declined', {
    shop: declined,
    script: [{ kind: 'pay' }],
    endings: [`CreatePayment PAYMENT_DECLINED | ${untouched} | 0 - 0`],
  }),
  scenarioOf('card payment refunded in part', {
    shop: good,
    script: [{ kind: 'pay' }, { kind: 'refund' }],
    endings: [`CreatePayment done, RefundPayment done | ${untouched} | 300 - 150`],
  }),
  scenarioOf('card payment cancelled while it is taken', {
    shop: good,
    script: [{ kind: 'pay' }, { kind: 'cancelPayment', at: capturing }],
    turn: undoing,
    endings: [
      `CreatePayment done, CancelPayment done | ${untouched} | 300 - 300`,
      `CreatePayment REQUEST_CANCELLED, CancelPayment done | ${untouched} | 0 - 0`,
    ],
  }),
  scenarioOf('card payment cancelled while nobody knows of it', {
    shop: good,
    script: [{ kind: 'pay' }, { kind: 'cancelPayment', at: written('left_unknown') }],
    cut: { service: 'provider', until: written('cancel_asked') },
    turn: undoing,
    endings: [`CreatePayment REQUEST_CANCELLED, CancelPayment done | ${untouched} | 0 - 0`],
    lateEndings: [`CreatePayment done, CancelPayment done | ${untouched} | 300 - 300`],
  }),
  scenarioOf('card payment cancelled by two requests', {
    shop: good,
    script: [{ kind: 'pay' }, { kind: 'cancelPayment' }, { kind: 'cancelPayment', variant: 1, at: undoing }],
    turn: undoing,
    endings: [`CreatePayment done, CancelPayment done, CancelPayment done | ${untouched} | 300 - 300`],
  }),
  scenarioOf('card payment cancelled before it is made', {
    shop: good,
    script: [{ kind: 'cancelPayment' }, { kind: 'pay' }],
    turn: undoing,
    endings: [`CancelPayment done, CreatePayment REQUEST_CANCELLED | ${untouched} | 0 - 0`],
  }),
  scenarioOf('card payment cancelled after a refund', {
    shop: good,
    script: [{ kind: 'pay' }, { kind: 'refund' }, { kind: 'cancelPayment' }],
    turn: undoing,
    endings: [`CreatePayment done, RefundPayment done, CancelPayment done | ${untouched} | 300 - 300`],
  }),
  scenarioOf('card payment whose first refund fails, cancelled', {
    shop: { wish: { card: 'refundFailsFirst' } },
    script: [{ kind: 'pay' }, { kind: 'cancelPayment' }],
    turn: undoing,
    endings: [`CreatePayment done, CancelPayment done | ${untouched} | 300 - 300`],
  }),
];
