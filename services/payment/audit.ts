// The audit: one pass over the journal's ops, stream by stream, told in parts, the summary last. Knows no call.

import type { MessageInitShape } from '@bufbuild/protobuf';
import { Verdict } from '../../shared/gen/twicesafe/audit/v1/audit_pb.ts';
import type {
  AuditResponseSchema,
  PaymentFactSchema,
} from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { RecordedOp } from '../../shared/journal/index.ts';
import { statusMessages } from './render.ts';
import {
  type AuditedPayment,
  type AuditFinding,
  createStreamAudit,
  type Invariant,
  type StreamAudit,
} from './stream-audit.ts';

/** Findings and facts in one part: some 64 KiB of message. */
const partSizeMax = 500;

const invariants: readonly Invariant[] = ['journal', 'I1', 'I2'];

type AuditPart = MessageInitShape<typeof AuditResponseSchema>;

/**
 * Judges ops that come in stream order. It remembers one stream at a time and one part of the answer, and reads on
 * only when the caller has taken that part.
 */
export async function* auditParts(
  ops: AsyncIterable<RecordedOp> | Iterable<RecordedOp>,
  entitiesMax?: number,
): AsyncIterable<AuditPart> {
  const totals = { entryCount: 0, opCount: 0, overflowed: false };
  const checked = { journal: 0, I1: 0, I2: 0 };
  const broken = new Set<Invariant>();
  let findings: AuditFinding[] = [];
  let audit: StreamAudit | undefined;
  let stream: string | undefined;

  const report = (finding: AuditFinding) => {
    broken.add(finding.invariant);
    findings.push(finding);
  };

  function* endStream(): Iterable<AuditPart> {
    if (!audit) return;
    yield* factParts(audit.end());
    for (const invariant of invariants) checked[invariant] += audit.checked[invariant];
    totals.entryCount += audit.entryCount;
    totals.overflowed ||= audit.overflowed;
    yield* takeFindings();
  }

  function* takeFindings(): Iterable<AuditPart> {
    const taken = findings;
    findings = [];
    for (let from = 0; from < taken.length; from += partSizeMax) {
      yield { findings: taken.slice(from, from + partSizeMax) };
    }
  }

  for await (const op of ops) {
    if (!audit || op.stream !== stream) {
      yield* endStream();
      stream = op.stream;
      audit = createStreamAudit(report, entitiesMax);
    }
    audit.take(op);
    totals.opCount += 1;
    if (findings.length >= partSizeMax) yield* takeFindings();
  }
  yield* endStream();

  const verdicts = invariants.map((invariant) => ({
    invariant,
    verdict: verdictOf(broken.has(invariant), totals.overflowed),
    checkedCount: BigInt(checked[invariant]),
    reason:
      totals.overflowed && !broken.has(invariant) ? 'a stream has more entities than an audit remembers' : '',
  }));
  yield {
    summary: { verdicts, entryCount: BigInt(totals.entryCount), opCount: BigInt(totals.opCount) },
  };
}

function verdictOf(broken: boolean, overflowed: boolean): Verdict {
  if (broken) return Verdict.BROKEN;
  return overflowed ? Verdict.CANNOT_TELL : Verdict.HOLDS;
}

function* factParts(facts: Iterable<AuditedPayment>): Iterable<AuditPart> {
  let payments: MessageInitShape<typeof PaymentFactSchema>[] = [];
  for (const { status, charged, refunded, currency, ...fact } of facts) {
    const money = (amountMinorUnits: bigint) => ({ amountMinorUnits, currency });
    const moved = currency === '' ? {} : { charged: money(charged), refunded: money(refunded) };
    payments.push({ ...fact, status: statusMessages[status], ...moved });
    if (payments.length < partSizeMax) continue;
    yield { payments };
    payments = [];
  }
  if (payments.length > 0) yield { payments };
}
