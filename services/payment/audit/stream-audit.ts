// The audit of one stream, one op at a time. A payment and its account are in one stream, so a stream can be judged
// alone and forgotten before the next one.

import { createFold, type RecordedOp } from '../../../shared/journal/index.ts';
import type { AccountChange } from '../domain/account.ts';
import type { LedgerLine } from '../domain/ledger.ts';
import { accountEntity, accountOfPayment, idOf, isAccount } from '../domain/names.ts';
import type { PaymentChange } from '../domain/payment-changes.ts';
import { paymentRules } from '../domain/rules.ts';
import { createAccountAudit } from './account-audit.ts';
import type { Find, Finding, Invariant } from './finding.ts';
import { createHalves } from './halves.ts';
import { createLedgerAudit } from './ledger-audit.ts';
import { accountMovement, takenBy } from './movement.ts';
import { createPaymentAudit, type PaymentFact } from './payment-audit.ts';

/**
 * Entities of one stream that an audit remembers: about half a gigabyte. Beyond it the audit says that it cannot tell,
 * which is better than a service that dies of it; a database that grows there is created with more streams.
 */
export const auditedEntitiesMax = 500_000;

export interface StreamAudit {
  take(op: RecordedOp): void;
  /** After the last op. Judges the last entry and the ledger, and says what each payment did. */
  end(): {
    facts: Iterable<PaymentFact>;
    /** The stream's trial balance. */
    ledger: readonly LedgerLine[];
    checked: Readonly<Record<Invariant, number>>;
    overflowed: boolean;
  };
}

/** `report` gets each entity once per invariant: what is wrong once is wrong in every later state. */
export function createStreamAudit(
  report: (finding: Finding) => void,
  entitiesMax: number = auditedEntitiesMax,
): StreamAudit {
  const reported = new Set<string>();
  const find: Find = (invariant, entity, description) => {
    const name = `${invariant} ${entity}`;
    if (reported.has(name)) return;
    reported.add(name);
    report({ invariant, entity, description });
  };
  const fold = createFold(paymentRules);
  const accounts = createAccountAudit(find);
  const payments = createPaymentAudit(find);
  const halves = createHalves(find);
  const ledger = createLedgerAudit(find);
  let seq = 0;
  let foldedCount = 0;
  let overflowed = false;

  function checkFold(op: RecordedOp): void {
    foldedCount += 1;
    if (!followsFrom(op)) {
      find('journal', op.entity, `entry ${op.seq} (${op.type}) carries a state that the changes do not give`);
    }
  }

  /** A change that the rules cannot follow gives no state, so none that it carries is right. */
  function followsFrom(op: RecordedOp): boolean {
    try {
      return fold.take(op).equal;
    } catch {
      return false;
    }
  }

  function checkAccount(op: RecordedOp): void {
    const { balance, payment } = accountMovement(op as RecordedOp & AccountChange);
    accounts.take(op, balance);
    if (payment !== undefined) {
      halves.note('ofAccount', { key: op.key, payment, account: op.entity, taken: -balance });
    }
  }

  function checkPayment(op: RecordedOp): void {
    const taken = takenBy(op as RecordedOp & PaymentChange);
    payments.take(op, taken);
    const accountId = accountOfPayment(idOf(op.entity));
    // A card payment has its other half at the provider.
    if (accountId === undefined) return;
    halves.note('ofPayment', { key: op.key, payment: op.entity, account: accountEntity(accountId), taken });
  }

  return {
    take(op) {
      if (op.seq !== seq) {
        halves.endEntry(seq);
        if (op.seq !== seq + 1) find('journal', op.stream, `entry ${op.seq} follows entry ${seq}`);
        seq = op.seq;
        // Only between entries: half of one would look like a payment without its account.
        overflowed ||= accounts.count + payments.count >= entitiesMax;
      }
      if (overflowed) return;
      checkFold(op);
      ledger.take(op);
      if (isAccount(op.entity)) checkAccount(op);
      else checkPayment(op);
    },
    end() {
      halves.endEntry(seq);
      return {
        // What came after an overflow was not read: a fact without it could contradict an order that is right.
        facts: overflowed ? [] : payments.facts(),
        // Likewise: a ledger with a part of its postings looks wrong.
        ledger: overflowed ? [] : ledger.end(accounts.states(), payments.states()),
        checked: {
          journal: foldedCount,
          ledger: ledger.count,
          I1: accounts.count,
          I2: payments.count,
        },
        overflowed,
      };
    },
  };
}
