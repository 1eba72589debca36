// Scenarios of orders paid from an account: confirmed, refused, cancelled at every stage, aborted, too late, stuck.

import { type Scenario, scenarioOf } from '../scenario.ts';
import { type Mark, recorded } from '../striker.ts';

const calling = (rpc: string): Mark => ({ service: 'order', place: 'rpc.before_attempt', detail: rpc });
const working = (rpc: string): Mark => ({ service: 'order', place: 'rpc.before_handler', detail: rpc });
const written = (type: string): Mark => ({ service: 'order', place: recorded, detail: type });
const holdRefused: Mark = { service: 'inventory', place: recorded, detail: 'hold-refused' };
const turned = written('compensating');

const sold = '8 0 2 | 9 0 1 | 7900 | 0 - 0';
const untouched = '10 0 0 | 10 0 0 | 10000 | 0 - 0';
const tooLate = `PlaceOrder ORDER_TOO_LATE | ${untouched}`;
const cancelledTooLate = `PlaceOrder ORDER_TOO_LATE, CancelOrder done | ${untouched}`;
/** Whichever came first, the confirmation or the cancel; the end is the same. */
const cancelled = [
  `PlaceOrder REQUEST_CANCELLED, CancelOrder done | ${untouched}`,
  `PlaceOrder done, CancelOrder done | ${untouched}`,
];

export const orders: readonly Scenario[] = [
  scenarioOf('confirmed order', {
    script: [{ kind: 'place' }],
    endings: [`PlaceOrder done | ${sold}`],
    lateEndings: [tooLate],
  }),
  scenarioOf('order refused for its stock', {
    shop: { onHand: [10, 0] },
    script: [{ kind: 'place' }],
    turn: holdRefused,
    endings: ['PlaceOrder INSUFFICIENT_STOCK | 10 0 0 | 0 0 0 | 10000 | 0 - 0'],
    lateEndings: ['PlaceOrder ORDER_TOO_LATE | 10 0 0 | 0 0 0 | 10000 | 0 - 0'],
  }),
  scenarioOf('order refused for its payment', {
    shop: { opening: 2_099 },
    script: [{ kind: 'place' }],
    turn: turned,
    endings: ['PlaceOrder INSUFFICIENT_FUNDS | 10 0 0 | 10 0 0 | 2099 | 0 - 0'],
    lateEndings: ['PlaceOrder ORDER_TOO_LATE | 10 0 0 | 10 0 0 | 2099 | 0 - 0'],
  }),
  scenarioOf('order above its limit', {
    shop: { wish: { totalMax: 2_099 } },
    script: [{ kind: 'place' }],
    turn: turned,
    endings: [`PlaceOrder TOTAL_ABOVE_MAX | ${untouched}`],
    lateEndings: [tooLate],
  }),
  scenarioOf('order cancelled while its stock is reserved', {
    script: [{ kind: 'place' }, { kind: 'cancel', at: calling('ReserveStock') }],
    turn: working('CancelOrder'),
    endings: cancelled,
    lateEndings: [cancelledTooLate],
  }),
  scenarioOf('order cancelled while it is charged', {
    script: [{ kind: 'place' }, { kind: 'cancel', at: calling('CreatePayment') }],
    turn: working('CancelOrder'),
    endings: cancelled,
    lateEndings: [cancelledTooLate],
  }),
  scenarioOf('order cancelled while its stock is sold', {
    script: [{ kind: 'place' }, { kind: 'cancel', at: calling('CommitReservation') }],
    turn: working('CancelOrder'),
    endings: [`PlaceOrder done, CancelOrder done | ${untouched}`],
    lateEndings: [cancelledTooLate],
  }),
  scenarioOf('order cancelled when all is done', {
    script: [{ kind: 'place' }, { kind: 'cancel' }],
    turn: working('CancelOrder'),
    endings: [`PlaceOrder done, CancelOrder done | ${untouched}`],
    lateEndings: [cancelledTooLate],
  }),
  scenarioOf('order of which lines go back on sale', {
    script: [{ kind: 'place' }, { kind: 'refundLines' }],
    endings: [`PlaceOrder done, RefundOrderLines done | 9 0 1 | 9 0 1 | 8350 | 0 - 0`],
    lateEndings: [`PlaceOrder ORDER_TOO_LATE, RefundOrderLines ORDER_NOT_CONFIRMED | ${untouched}`],
  }),
  scenarioOf('order of which lines are written off', {
    script: [
      { kind: 'place', target: 1 },
      { kind: 'refundLines', target: 1 },
    ],
    endings: [`PlaceOrder done, RefundOrderLines done | 8 0 1 | 9 0 1 | 8350 | 0 - 0`],
    lateEndings: [`PlaceOrder ORDER_TOO_LATE, RefundOrderLines ORDER_NOT_CONFIRMED | ${untouched}`],
  }),
  scenarioOf('order cancelled while lines go back', {
    script: [{ kind: 'place' }, { kind: 'refundLines' }, { kind: 'cancel', at: calling('RefundPayment') }],
    turn: working('CancelOrder'),
    endings: [`PlaceOrder done, RefundOrderLines done, CancelOrder done | ${untouched}`],
    lateEndings: [
      `PlaceOrder ORDER_TOO_LATE, RefundOrderLines ORDER_NOT_CONFIRMED, CancelOrder done | ${untouched}`,
    ],
  }),
  scenarioOf('order aborted by an operator', {
    script: [{ kind: 'place' }, { kind: 'abort', at: calling('CreatePayment') }],
    turn: working('AbortSaga'),
    endings: [
      `PlaceOrder REQUEST_CANCELLED, AbortSaga done | ${untouched}`,
      `PlaceOrder done, AbortSaga SAGA_PAST_PIVOT | ${sold}`,
    ],
    lateEndings: [`PlaceOrder ORDER_TOO_LATE, AbortSaga done | ${untouched}`],
  }),
  scenarioOf('order driven by an operator', {
    script: [{ kind: 'place' }, { kind: 'retry', at: calling('CreatePayment') }],
    endings: [`PlaceOrder done, RetrySaga done | ${sold}`],
    lateEndings: [`PlaceOrder ORDER_TOO_LATE, RetrySaga done | ${untouched}`],
  }),
  scenarioOf('order whose payment is out of reach until its deadline', {
    script: [{ kind: 'place' }],
    cut: { service: 'payment', until: turned },
    turn: turned,
    endings: [tooLate],
  }),
  scenarioOf('order whose stock is out of reach until its deadline', {
    script: [{ kind: 'place' }],
    cut: { service: 'inventory', until: turned },
    turn: turned,
    endings: [tooLate],
  }),
  scenarioOf('order whose undo needs a person', {
    shop: { attentionAfterMs: 4_000 },
    script: [{ kind: 'place' }],
    cut: { service: 'payment', until: written('needs_attention') },
    turn: turned,
    endings: [tooLate],
  }),
  scenarioOf('order whose undo needs a person, who drives it', {
    shop: { attentionAfterMs: 4_000 },
    script: [{ kind: 'place' }, { kind: 'retry', at: written('needs_attention') }],
    cut: { service: 'payment', until: written('needs_attention') },
    turn: turned,
    endings: [`PlaceOrder ORDER_TOO_LATE, RetrySaga done | ${untouched}`],
  }),
];
