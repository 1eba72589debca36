// I1, the provider's part: its books and ours say the same. Adds that to the parts of the journal's audit.

import { create } from '@bufbuild/protobuf';
import {
  AuditSummarySchema,
  InvariantVerdictSchema,
  Verdict,
} from '../../../shared/gen/twicesafe/audit/v1/audit_pb.ts';
import type { Difference } from '../reconcile/difference.ts';
import { isPassing } from '../reconcile/difference.ts';
import type { Reconciler } from '../reconcile/pages.ts';
import type { AuditPart } from './audit-parts.ts';

/**
 * The parts as they come, and before the summary the differences; the summary gets a second line for I1. What the
 * service settles by itself is no contradiction, but as long as it is there nobody can tell.
 */
export async function* withProvider(
  parts: AsyncIterable<AuditPart>,
  reconciler: Reconciler,
  since: Date,
): AsyncIterable<AuditPart> {
  for await (const part of parts) {
    if (!part.summary) {
      yield part;
      continue;
    }
    const tally = { checkedCount: 0, passingCount: 0, isBroken: false };
    let reason = '';
    try {
      yield* comparison(reconciler, since, tally);
      if (tally.passingCount > 0) reason = `${tally.passingCount} card payments are under way`;
    } catch (error) {
      reason = `the provider does not show its books: ${error instanceof Error ? error.message : error}`;
    }
    const undecided = reason === '' ? Verdict.HOLDS : Verdict.CANNOT_TELL;
    const line = {
      invariant: 'I1',
      checkedCount: BigInt(tally.checkedCount),
      verdict: tally.isBroken ? Verdict.BROKEN : undecided,
      reason: tally.isBroken ? '' : reason,
    };
    const summary = create(AuditSummarySchema, part.summary);
    summary.verdicts.push(create(InvariantVerdictSchema, line));
    yield { ...part, summary };
  }
}

async function* comparison(
  reconciler: Reconciler,
  since: Date,
  tally: { checkedCount: number; passingCount: number; isBroken: boolean },
): AsyncIterable<AuditPart> {
  let token = '';
  do {
    const page = await reconciler.page(since, token);
    tally.checkedCount += page.checkedCount;
    tally.passingCount += page.differences.filter(isPassing).length;
    const findings = page.differences.filter((difference) => !isPassing(difference)).map(findingOf);
    if (findings.length > 0) {
      tally.isBroken = true;
      yield { findings };
    }
    token = page.nextPageToken;
  } while (token !== '');
}

function findingOf({ kind, payment, providerId, description, action }: Difference) {
  return {
    invariant: 'I1',
    entity: payment ?? providerId,
    description: `${kind}: ${description} (${providerId}): ${action}`,
  };
}
