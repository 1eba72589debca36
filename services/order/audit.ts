// The audit of orders: one pass over the journal's ops, told in parts, the summary last. Knows no call.
//
//   journal  the states that the ops carry are what their changes give; no entry is missing
//   I5       every saga has a definite end, or needs attention and says why; one that is still open cannot be judged
//   I10      an undo is decided once, before it is done, and nothing is decided after the end; refunds by line never give
//            back more than was bought (refund-audit.ts)

import type { MessageInitShape } from '@bufbuild/protobuf';
import { Verdict } from '../../shared/gen/twicesafe/audit/v1/audit_pb.ts';
import type { AuditResponseSchema, OrderFactSchema } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { createFold, type RecordedOp } from '../../shared/journal/index.ts';
import { atRest } from '../../shared/saga/index.ts';
import { asOrder, orderIdOf } from './domain/order-state.ts';
import { orderRules } from './domain/rules.ts';
import { createRefundAudit } from './refund-audit.ts';
import { refundedIn, sagaPhaseOf } from './render.ts';

/** Findings and facts in one part: some 64 KiB of message. */
const partSizeMax = 500;

type AuditPart = MessageInitShape<typeof AuditResponseSchema>;
type Invariant = 'journal' | 'I5' | 'I10';

interface Seen {
  turned: boolean;
  confirmed: boolean;
  ended: boolean;
}

/**
 * Judges ops that come in stream order. Keeps the newest state of every order, because any of them may still be
 * cancelled: some KiB an order.
 */
export async function* auditParts(
  ops: AsyncIterable<RecordedOp> | Iterable<RecordedOp>,
): AsyncIterable<AuditPart> {
  const fold = createFold(orderRules);
  const refunds = createRefundAudit();
  const seen = new Map<string, Seen>();
  const states = new Map<string, RecordedOp['state']>();
  const broken = new Set<Invariant>();
  const seqs = new Map<string, number>();
  let findings: { invariant: Invariant; entity: string; description: string }[] = [];
  let entryCount = 0;
  let opCount = 0;

  function find(invariant: Invariant, entity: string, description: string): void {
    broken.add(invariant);
    findings.push({ invariant, entity, description });
  }

  function takeOrder(op: RecordedOp): void {
    const order = seen.get(op.entity) ?? { turned: false, confirmed: false, ended: false };
    seen.set(op.entity, order);
    if (op.type === 'confirmed') {
      if (order.confirmed || order.turned)
        find(
          'I10',
          op.entity,
          `confirmed in entry ${op.seq} after ${order.turned ? 'it turned round' : 'it was confirmed'}`,
        );
      order.confirmed = true;
    }
    if (op.type === 'compensating') {
      if (order.turned) find('I10', op.entity, `turned round a second time in entry ${op.seq}`);
      order.turned = true;
    }
    if (op.type === 'completed' && (order.turned || order.ended))
      find('I10', op.entity, `completed in entry ${op.seq} after it turned round`);
    if (op.type === 'cancelled') {
      const undone = order.turned || op.data['reason'] !== undefined;
      if (!undone) find('I10', op.entity, `cancelled in entry ${op.seq} without having turned round`);
      if (order.ended) find('I10', op.entity, `cancelled a second time in entry ${op.seq}`);
      order.turned = true;
      order.ended = true;
    }
  }

  for await (const op of ops) {
    opCount += 1;
    const seq = seqs.get(op.stream) ?? 0;
    if (op.seq !== seq) {
      if (op.seq !== seq + 1) find('journal', op.stream, `entry ${op.seq} follows entry ${seq}`);
      seqs.set(op.stream, op.seq);
      entryCount += 1;
    }
    if (!fold.take(op).equal) {
      find(
        'journal',
        op.entity,
        `entry ${op.seq} carries a state that its change (${op.type}) does not give`,
      );
    }
    states.set(op.entity, op.state);
    takeOrder(op);
    for (const wrong of refunds.take(op)) find('I10', op.entity, `${wrong}, in entry ${op.seq}`);
    if (findings.length >= partSizeMax) {
      yield { findings };
      findings = [];
    }
  }

  let openCount = 0;
  let orders: MessageInitShape<typeof OrderFactSchema>[] = [];
  for (const [entity, state] of states) {
    const order = asOrder(state);
    // Only refused commands stand under its name: there is no order.
    if (!order) continue;
    if (!atRest(order.saga) && !order.saga.attention) openCount += 1;
    orders.push({
      orderId: orderIdOf(entity),
      phase: sagaPhaseOf[order.saga.phase],
      paymentId: order.paymentId,
      reservationId: order.reservationId,
      ...(order.total ? { total: order.total } : {}),
      units: BigInt(order.lines.reduce((sum, { quantity }) => sum + quantity, 0)),
      needsAttention: order.saga.attention !== null,
      ...refundedIn(order),
      refundedUnits: BigInt((order.refunds?.units ?? []).reduce((sum, { quantity }) => sum + quantity, 0)),
      openRefundCount: order.refunds?.open.length ?? 0,
    });
    if (orders.length < partSizeMax) continue;
    yield { orders };
    orders = [];
  }
  if (orders.length > 0 || findings.length > 0) yield { orders, findings };

  const verdictOf = (invariant: Invariant) => (broken.has(invariant) ? Verdict.BROKEN : Verdict.HOLDS);
  const open = openCount > 0;
  yield {
    summary: {
      verdicts: [
        { invariant: 'journal', verdict: verdictOf('journal'), checkedCount: BigInt(opCount) },
        {
          invariant: 'I5',
          verdict: open ? Verdict.CANNOT_TELL : Verdict.HOLDS,
          checkedCount: BigInt(seen.size),
          reason: open ? `${openCount} sagas are not at rest` : '',
        },
        { invariant: 'I10', verdict: verdictOf('I10'), checkedCount: BigInt(seen.size) },
      ],
      entryCount: BigInt(entryCount),
      opCount: BigInt(opCount),
    },
  };
}
