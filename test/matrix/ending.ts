// The ending of a run in words that a person can check: what callers were told, and where units and money are.

import type { Ledger } from '../simulation/ledger.ts';
import type { Plan } from '../simulation/plan.ts';
import { accountOf, skuOf } from '../simulation/requests.ts';
import type { ServiceName, Suite } from '../simulation/suite.ts';

/**
 * `PlaceOrder done | 8 0 2 | 9 0 1 | 7900 | 0 - 0`: the answers, of each item the units on hand, held and sold, of each
 * account its balance, and what the card provider took and gave back. The opening of the shop is left out.
 */
export async function endingOf(plan: Plan, suite: Suite, ledger: Ledger): Promise<string> {
  const read = (service: ServiceName, entity: string) =>
    suite.machines
      .find((machine) => machine.service === service)
      ?.journal()
      ?.readState(entity);
  const answers = ledger
    .accounts()
    .filter(({ request }) => !request.requestId.startsWith('open-'))
    .map(({ request, definite }) => {
      const answer =
        definite?.answer === 'refused' ? definite.refusal.reason : (definite?.answer ?? 'unanswered');
      return `${request.method.name} ${answer}`;
    });
  const shelves = plan.items.map(async (_, index) => {
    const state = await read('inventory', `stock/${skuOf(index)}`);
    return `${state?.['onHand']} ${state?.['held']} ${state?.['sold']}`;
  });
  const balances = plan.accounts.map(async (_, index) => {
    const state = await read('payment', `account/${accountOf(index)}`);
    return String(state?.['balance']);
  });
  const parts = [
    answers.join(', '),
    ...(await Promise.all(shelves)),
    ...(await Promise.all(balances)),
    provided(suite),
  ];
  return parts.join(' | ');
}

function provided({ provider: { books } }: Suite): string {
  const charges = books.intents().filter(({ status }) => status === 'succeeded');
  const taken = charges.reduce((sum, { amount_received }) => sum + amount_received, 0);
  const back = charges
    .flatMap(({ id }) => books.refundsOf(id))
    .filter(({ status }) => status === 'succeeded')
    .reduce((sum, { amount }) => sum + amount, 0);
  return `${taken} - ${back}`;
}
