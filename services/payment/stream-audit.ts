// The checks of one stream: pure, one op at a time, on the movements themselves and not on what decided them.
//
// A payment and its account are in one stream, so a stream can be judged alone and forgotten before the next one.
//   journal  the states that the ops carry are what their changes give; no entry is missing
//   I1       an account's balance is the sum of its movements at every op; nothing is negative; a refusal moves nothing
//   I2       a payment charges at most once and never gives back more than it charged; both halves of a movement,
//            the payment's and its account's, stand in one entry under one key and are equal

import { isDeepStrictEqual } from 'node:util';
import type { RecordedOp } from '../../shared/journal/index.ts';
import type { AccountChange, AccountState } from './domain/account.ts';
import { accountEntity, accountOfPayment, idOf, isAccount } from './domain/names.ts';
import { isTombstone, type PaymentChange, type PaymentState } from './domain/payment-state.ts';
import { paymentRules } from './domain/rules.ts';

export type Invariant = 'journal' | 'I1' | 'I2';

export interface AuditFinding {
  readonly invariant: Invariant;
  readonly entity: string;
  readonly description: string;
}

/** What a payment did. Currency is empty for a tombstone, which never said one. */
export interface AuditedPayment {
  readonly paymentId: string;
  readonly reference: string;
  readonly status: PaymentState['status'];
  readonly chargeCount: number;
  readonly charged: bigint;
  readonly refunded: bigint;
  readonly currency: string;
}

/**
 * Entities of one stream that an audit remembers: about half a gigabyte. Beyond it the audit says that it cannot tell,
 * which is better than a service that dies of it; a database that grows there is created with more streams.
 */
export const auditedEntitiesMax = 500_000;

export interface StreamAudit {
  /** The next op of the stream. */
  take(op: RecordedOp): void;
  /** After the last op: judges the last entry, and says what each payment did. */
  end(): Iterable<AuditedPayment>;
  readonly checked: Readonly<Record<Invariant, number>>;
  readonly entryCount: number;
  /** True when there were more entities than it may remember: it looked no further, and what it did not see may be broken. */
  readonly overflowed: boolean;
}

interface PaymentSums {
  chargeCount: number;
  charged: bigint;
  refunded: bigint;
}

/** Reports each entity once per invariant: what is wrong once is wrong in every later state. */
export function createStreamAudit(
  report: (finding: AuditFinding) => void,
  entitiesMax: number = auditedEntitiesMax,
): StreamAudit {
  const states = new Map<string, RecordedOp['state']>();
  const sums = new Map<string, bigint>();
  const payments = new Map<string, PaymentSums>();
  const reported = new Set<string>();
  const checked = { journal: 0, I1: 0, I2: 0 };
  let halves = new Map<string, { entity: string; ofPayment: bigint; ofAccount: bigint }>();
  let seq = 0;
  let entryCount = 0;
  let overflowed = false;

  function find(invariant: Invariant, entity: string, description: string): void {
    const name = `${invariant} ${entity}`;
    if (reported.has(name)) return;
    reported.add(name);
    report({ invariant, entity, description });
  }

  function endEntry(): void {
    for (const { entity, ofPayment, ofAccount } of halves.values()) {
      if (ofPayment === ofAccount) continue;
      find(
        'I2',
        entity,
        `in entry ${seq} the payment moved ${ofPayment} and its account ${ofAccount} minor units`,
      );
    }
    halves = new Map();
  }

  /** `taken`: charges above zero, what is given back below. */
  function noteHalf(
    op: RecordedOp,
    side: 'ofPayment' | 'ofAccount',
    payment: string,
    account: string,
    taken: bigint,
  ): void {
    const name = `${op.key} ${payment} ${account}`;
    const half = halves.get(name) ?? { entity: payment, ofPayment: 0n, ofAccount: 0n };
    half[side] += taken;
    halves.set(name, half);
  }

  function checkFold(op: RecordedOp): void {
    checked.journal += 1;
    const folded = foldOf(op, states.get(op.entity));
    if (!isDeepStrictEqual(folded, op.state)) {
      find(
        'journal',
        op.entity,
        `entry ${op.seq} carries a state that its changes (the last one ${op.type}) do not give`,
      );
    }
    // From here on as carried, so that one fault is not found again in what rests on it.
    states.set(op.entity, op.state);
  }

  function checkAccount(op: RecordedOp): void {
    const movement = accountMovement(op as RecordedOp & AccountChange);
    const account = op.state as AccountState | undefined;
    const sum = (sums.get(op.entity) ?? 0n) + movement.balance;
    if (!sums.has(op.entity)) checked.I1 += 1;
    sums.set(op.entity, sum);
    const balance = account?.balance ?? 0n;
    if (sum !== balance)
      find('I1', op.entity, `the movements sum to ${sum}, the balance in entry ${op.seq} is ${balance}`);
    if (account && Object.values(account).some((part) => typeof part === 'bigint' && part < 0n)) {
      find('I1', op.entity, `entry ${op.seq} carries an amount below zero`);
    }
    if (movement.balance !== 0n && !op.outcome.succeeded) {
      find('I1', op.entity, `entry ${op.seq} moved ${movement.balance} minor units although it was refused`);
    }
    if (movement.payment !== undefined)
      noteHalf(op, 'ofAccount', movement.payment, op.entity, -movement.balance);
  }

  function checkPayment(op: RecordedOp): void {
    const taken = takenBy(op as RecordedOp & PaymentChange);
    const payment = payments.get(op.entity) ?? { chargeCount: 0, charged: 0n, refunded: 0n };
    if (!payments.has(op.entity)) checked.I2 += 1;
    payments.set(op.entity, payment);
    if (op.type === 'captured') {
      payment.chargeCount += 1;
      payment.charged += taken;
    } else {
      payment.refunded -= taken;
    }
    if (payment.chargeCount > 1) find('I2', op.entity, `charged ${payment.chargeCount} times`);
    if (payment.refunded > payment.charged) {
      find('I2', op.entity, `gave back ${payment.refunded} of ${payment.charged} minor units`);
    }
    const accountId = accountOfPayment(idOf(op.entity));
    if (accountId !== undefined) noteHalf(op, 'ofPayment', op.entity, accountEntity(accountId), taken);
  }

  return {
    take(op) {
      if (overflowed) return;
      if (op.seq !== seq) {
        endEntry();
        if (op.seq !== seq + 1) find('journal', op.stream, `entry ${op.seq} follows entry ${seq}`);
        seq = op.seq;
        entryCount += 1;
      }
      if (!states.has(op.entity) && states.size >= entitiesMax) {
        overflowed = true;
        halves.clear();
        return;
      }
      checkFold(op);
      if (isAccount(op.entity)) checkAccount(op);
      else checkPayment(op);
    },
    *end() {
      endEntry();
      // What came after the overflow was not read: a fact without it could contradict an order that is right.
      if (overflowed) return;
      for (const [entity, { chargeCount, charged, refunded }] of payments) {
        const payment = states.get(entity) as PaymentState | undefined;
        // Only refused requests stand under its name: there is no payment.
        if (!payment) continue;
        const { reference, currency } = isTombstone(payment) ? { reference: '', currency: '' } : payment;
        const { status } = payment;
        yield { paymentId: idOf(entity), reference, status, chargeCount, charged, refunded, currency };
      }
    },
    checked,
    get entryCount() {
      return entryCount;
    },
    get overflowed() {
      return overflowed;
    },
  };
}

/** What the rules make of a change. A change that they cannot follow gives nothing, which no carried state equals. */
function foldOf(op: RecordedOp, state: RecordedOp['state']): unknown {
  try {
    return paymentRules.evolve(op.entity, state, op, op.at);
  } catch (error) {
    return error;
  }
}

/** How an account's change moves its balance, and the payment that it says it belongs to. */
function accountMovement(change: AccountChange): { balance: bigint; payment?: string } {
  switch (change.type) {
    case 'opened':
      return { balance: minorUnits(change.data.opening) };
    case 'deposited':
      return { balance: minorUnits(change.data.amount) };
    case 'withdrawn':
      return { balance: -minorUnits(change.data.amount) };
    case 'charged':
      return { balance: -minorUnits(change.data.amount), payment: change.data.payment };
    case 'refunded':
      return { balance: minorUnits(change.data.amount), payment: change.data.payment };
    default:
      return { balance: 0n };
  }
}

/** What a payment's change takes from its source; below zero when it gives back. */
function takenBy(change: PaymentChange): bigint {
  if (change.type === 'captured') return minorUnits(change.data.amount);
  return change.type === 'refunded' || change.type === 'cancelled' ? -minorUnits(change.data.amount) : 0n;
}

/** A damaged op may hold anything here. The fold finds it; an audit that dies of it would find nothing else. */
function minorUnits(value: unknown): bigint {
  return typeof value === 'bigint' ? value : 0n;
}
