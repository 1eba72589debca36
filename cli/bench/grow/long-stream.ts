// A stream of deposits: begun by the journal itself, made long by copies of its own entries with the next states in them, written
// in batches. A fold of it must come out as if each entry had been submitted; a test holds it to that.

import { decideDeposit, decideOpenAccount } from '../../../services/payment/domain/account.ts';
import { accountEntity } from '../../../services/payment/domain/names.ts';
import { paymentRules } from '../../../services/payment/domain/rules.ts';
import { requestKey } from '../../../shared/idempotency/index.ts';
import type { Journal, JournalStore, State, Submission } from '../../../shared/journal/index.ts';
import { currency } from '../goods.ts';

export const depositAccounts = 1_000;
const amountMinorUnits = 1n;
/** Entries in one insert: some hundred KB. */
const batchSize = 1_000;
const fingerprint = `1:${'0'.repeat(64)}`;

export const depositKey = (number: number) => requestKey('anonymous', 'Deposit', `bench-deposit-${number}`);

const accountOf = (number: number, accounts: number) => `deposits-${number % accounts}`;

export const depositEntity = (number: number, accounts = depositAccounts) =>
  accountEntity(accountOf(number, accounts));

export function depositOf(number: number, accounts = depositAccounts): Submission {
  const accountId = accountOf(number, accounts);
  return {
    key: depositKey(number),
    fingerprint,
    entities: [accountEntity(accountId)],
    decide: (states) => decideDeposit(states, { accountId, amount: { amountMinorUnits, currency } }),
  };
}

function openDepositAccount(number: number): Submission {
  const accountId = accountOf(number, depositAccounts);
  const opening = { amountMinorUnits: 0n, currency };
  return {
    key: requestKey('anonymous', 'OpenAccount', `bench-open-${number}`),
    fingerprint,
    entities: [accountEntity(accountId)],
    likelyNew: [accountEntity(accountId)],
    decide: (states) => decideOpenAccount(states, { accountId, opening }),
  };
}

/** The accounts and deposit number 0, an entry each. Returns every account's state. */
export async function beginDeposits(journal: Journal, accounts: number): Promise<Map<string, State>> {
  const states = new Map<string, State>();
  const submit = async (submission: Submission) => {
    const recorded = await journal.submit(submission);
    for (const [entity, state] of recorded.states) states.set(entity, state);
  };
  for (let number = 0; number < accounts; number += 1) await submit(openDepositAccount(number));
  await submit(depositOf(0, accounts));
  return states;
}

/**
 * The entries of the deposits from number 1 on, right behind number 0, which must be the last entry of its stream. `states` are
 * those that `beginDeposits` left.
 */
export async function appendDeposits(
  store: JournalStore,
  states: Map<string, State>,
  entries: number,
): Promise<void> {
  const [found] = await store.findByKeys([depositKey(0)]);
  const [first] = found ? await store.read(found.stream, found.seq, 1) : [];
  const [op] = first?.ops ?? [];
  if (!first || !op) throw new Error('the first deposit is not there');
  let batch: (typeof first)[] = [];
  for (let number = 1; number <= entries; number += 1) {
    const entity = depositEntity(number);
    const key = depositKey(number);
    const state = paymentRules.evolve(entity, states.get(entity), op, first.at);
    if (!state) throw new Error(`${entity} has no state after its deposit`);
    states.set(entity, state);
    const seq = first.seq + number;
    const _id = `${first.stream}#${seq}`;
    batch.push({ ...first, _id, seq, keys: [key], ops: [{ ...op, entity, key, state }] });
    if (batch.length < batchSize && number < entries) continue;
    await store.insert(batch);
    batch = [];
  }
}
