// `twicesafe audit`: the verdict on every invariant, across the three services.

import type { LedgerLine } from '../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { createSystemClock } from '../shared/runtime/index.ts';
import { type Addresses, type Asked, ask, NotAuditedError } from './audit/ask.ts';
import { type Comparison, compare } from './audit/compare.ts';
import { exitCodeOf, type InvariantLine, verdicts } from './audit/verdicts.ts';
import { bold, dim, green, red, report, yellow } from './console.ts';

export interface AuditOptions extends Addresses {
  /** How long to wait for sagas under way to come to rest before saying that it cannot tell. */
  readonly settle: number;
}

/** Between two looks at sagas that are under way. */
const lookEveryMs = 1_000;
/** Findings printed: more than these are not read by a person. */
const printedFindingsMax = 20;

/** Returns the exit code: 0 when every invariant holds, 2 when one is broken, 3 when it cannot be told. */
export async function runAudit({ settle, ...addresses }: AuditOptions): Promise<number> {
  const clock = createSystemClock();
  const untilMs = clock.nowMs() + settle * 1_000;
  try {
    for (;;) {
      const asked = await ask(addresses);
      const comparison = compare(asked.facts);
      const lines = verdicts(asked, comparison);
      const code = exitCodeOf(lines);
      if (code !== 3 || comparison.openCount === 0 || clock.nowMs() >= untilMs) {
        print(asked, comparison, lines);
        return code;
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
  } catch (error) {
    if (!(error instanceof NotAuditedError)) throw error;
    report(yellow(`cannot tell: ${error.message}`));
    return 3;
  }
}

/** One line for each currency: what stands on each account of the ledger, and on which side. */
function trialBalance(lines: readonly LedgerLine[]): string[] {
  return [...Map.groupBy(lines, ({ currency }) => currency)].map(([currency, inIt]) => {
    const accounts = inIt.map(({ ledgerAccount, debits, credits }) => {
      const net = BigInt(debits) - BigInt(credits);
      const [name] = ledgerAccount.split('/');
      return `${name} ${net < 0n ? `${-net} credit` : `${net} debit`}`;
    });
    return `${currency}     ${accounts.join(' · ')}`;
  });
}

function print(asked: Asked, comparison: Comparison, lines: readonly InvariantLine[]): void {
  const paint = { holds: green, broken: red, 'cannot tell': yellow };
  const { ordersAfter, payments, reservations } = asked.facts;
  const opCount = asked.summaries.reduce((sum, summary) => sum + Number(summary.opCount), 0);
  report(
    bold(
      `audit of ${ordersAfter.size} orders, ${payments.size} payments, ${reservations.size} reservations`,
    ) + dim(`  ${opCount} ops read`),
  );
  for (const { invariant, says, verdict, checkedCount, reason } of lines) {
    const checked = dim(`${checkedCount} checked`);
    report(
      `  ${invariant.padEnd(8)}${paint[verdict](verdict.padEnd(12))} ${says}  ${reason ? yellow(reason) : checked}`,
    );
  }
  for (const line of trialBalance(asked.ledger)) report(dim(`  ${line}`));
  const found = [...asked.findings, ...comparison.findings];
  for (const { invariant, entity, description } of found.slice(0, printedFindingsMax)) {
    report(red(`  ${invariant} ${entity}: ${description}`));
  }
  if (found.length > printedFindingsMax)
    report(red(`  and ${found.length - printedFindingsMax} findings more`));
  const attention = [...ordersAfter.values()].filter(({ needsAttention }) => needsAttention).length;
  if (attention > 0)
    report(yellow(`  ${attention} sagas need attention: ListSagas with needs_attention_only names them`));
}
