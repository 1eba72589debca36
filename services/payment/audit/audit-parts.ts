// The audit of the whole journal: stream by stream, told in parts, the summary last. Knows no call.

import type { MessageInitShape } from '@bufbuild/protobuf';
import { Verdict } from '../../../shared/gen/twicesafe/audit/v1/audit_pb.ts';
import type {
  AuditResponseSchema,
  PaymentFactSchema,
} from '../../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { RecordedOp } from '../../../shared/journal/index.ts';
import { createLedgerSum } from '../domain/ledger.ts';
import { statusMessages } from '../render.ts';
import { renderLedgerLine } from '../render-account.ts';
import type { Finding, Invariant } from './finding.ts';
import type { PaymentFact } from './payment-audit.ts';
import { createStreamAudit, type StreamAudit } from './stream-audit.ts';

/** Findings or facts in one part: some 64 KiB of message, below every reader's limit. */
const partSizeMax = 500;

const invariants: readonly Invariant[] = ['journal', 'I1', 'I2', 'ledger'];

export type AuditPart = MessageInitShape<typeof AuditResponseSchema>;

/**
 * Judges ops that come in stream order. It remembers one stream and one part of the answer at a time, and reads on
 * only when the caller has taken that part.
 */
export async function* auditParts(
  ops: AsyncIterable<RecordedOp> | Iterable<RecordedOp>,
  entitiesMax?: number,
): AsyncIterable<AuditPart> {
  const checked = { journal: 0, I1: 0, I2: 0, ledger: 0 };
  const ledger = createLedgerSum();
  const broken = new Set<Invariant>();
  const findings: Finding[] = [];
  let audit: StreamAudit | undefined;
  let entryCount = 0;
  let opCount = 0;
  let overflowed = false;
  let last: RecordedOp | undefined;

  const report = (finding: Finding) => {
    broken.add(finding.invariant);
    findings.push(finding);
  };

  function* endStream(): Iterable<AuditPart> {
    if (!audit) return;
    const end = audit.end();
    yield* factParts(end.facts);
    ledger.add(end.ledger);
    for (const invariant of invariants) checked[invariant] += end.checked[invariant];
    overflowed ||= end.overflowed;
  }

  for await (const op of ops) {
    if (!audit || op.stream !== last?.stream) {
      yield* endStream();
      audit = createStreamAudit(report, entitiesMax);
    }
    audit.take(op);
    opCount += 1;
    if (op.stream !== last?.stream || op.seq !== last.seq) entryCount += 1;
    last = op;
    while (findings.length >= partSizeMax) yield { findings: findings.splice(0, partSizeMax) };
  }
  yield* endStream();
  while (findings.length > 0) yield { findings: findings.splice(0, partSizeMax) };

  const verdicts = invariants.map((invariant) => ({
    invariant,
    checkedCount: BigInt(checked[invariant]),
    ...judge(broken.has(invariant), overflowed),
  }));
  yield {
    summary: { verdicts, entryCount: BigInt(entryCount), opCount: BigInt(opCount) },
    ledger: overflowed ? [] : ledger.lines().map(renderLedgerLine),
  };
}

/** A contradiction counts even when not everything was seen; its absence does not. */
function judge(broken: boolean, overflowed: boolean): { verdict: Verdict; reason: string } {
  if (broken) return { verdict: Verdict.BROKEN, reason: '' };
  if (!overflowed) return { verdict: Verdict.HOLDS, reason: '' };
  return { verdict: Verdict.CANNOT_TELL, reason: 'a stream has more entities than an audit remembers' };
}

function* factParts(facts: Iterable<PaymentFact>): Iterable<AuditPart> {
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
