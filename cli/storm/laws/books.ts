// I1, I2, I3 from the client's side: what every account and every shelf must be at rest, computed from the answers alone,
// is what it is. Money that went without an acknowledged order was charged twice, or for nothing.

import { answerOf, type Gathered, orderReadKey } from '../history/gather.ts';
import type { Contradiction, Law } from './law.ts';

interface Expected {
  /** What it was opened with, plus and minus what was answered. */
  value: bigint;
  sold: bigint;
  opened: boolean;
}

export const books: Law = (gathered) => {
  const undecided = [...gathered.requests.values()].filter((request) => !answerOf(request));
  // An account that an undecided request may have moved cannot be judged; which ones those are is not worth a guess.
  if (undecided.length > 0) {
    return {
      contradictions: [],
      checked: {},
      unjudged: `${undecided.length} requests have no definite answer`,
    };
  }
  const expected = expectedOf(gathered);
  const contradictions: Contradiction[] = [];
  let accountCount = 0;
  let itemCount = 0;
  for (const [entity, told] of gathered.rest) {
    const should = expected.get(entity);
    if (!should?.opened) continue;
    if (told.balance !== undefined) {
      accountCount += 1;
      const missing = should.value - BigInt(told.balance);
      if (missing === 0n) continue;
      contradictions.push({
        invariant: missing > 0n ? 'I2' : 'I1',
        wrong: missing > 0n ? 'charged twice' : 'lost',
        where: entity,
        says: `the answers add up to ${should.value} minor units, the balance is ${told.balance}: ${missing > 0n ? `${missing} were taken without an answer that says so` : `${-missing} were never taken, or given back twice`}`,
      });
      continue;
    }
    itemCount += 1;
    const { onHand = 0, held = 0, sold = 0 } = told;
    const find = (wrong: 'sold twice' | 'lost', says: string) =>
      contradictions.push({ invariant: 'I3', wrong, where: entity, says });
    if (BigInt(sold) > should.sold)
      find('sold twice', `${should.sold} units were ordered and confirmed, ${sold} are sold`);
    if (BigInt(sold) < should.sold)
      find('lost', `${should.sold} units were ordered and confirmed, only ${sold} are sold`);
    if (held !== 0) find('lost', `${held} units are held for orders that are all over`);
    const shouldBeOnHand = should.value - should.sold;
    if (onHand < 0) find('sold twice', `${onHand} units are on hand`);
    else if (BigInt(sold) === should.sold && held === 0 && BigInt(onHand) !== shouldBeOnHand) {
      find(
        BigInt(onHand) < shouldBeOnHand ? 'sold twice' : 'lost',
        `the answers add up to ${shouldBeOnHand} units on hand, there are ${onHand}`,
      );
    }
  }
  return { contradictions, checked: { I1: accountCount, I2: accountCount, I3: itemCount } };
};

function expectedOf(gathered: Gathered): Map<string, Expected> {
  const expected = new Map<string, Expected>();
  const at = (entity: string): Expected => {
    let found = expected.get(entity);
    if (!found) {
      found = { value: 0n, sold: 0n, opened: false };
      expected.set(entity, found);
    }
    return found;
  };
  for (const request of gathered.requests.values()) {
    const found = answerOf(request);
    if (found?.answer.outcome !== 'done') continue;
    const { asked } = found.message;
    if (asked.opening !== undefined) {
      at(`account/${asked.account}`).value += BigInt(asked.opening);
      at(`account/${asked.account}`).opened = true;
    } else if (asked.onHand !== undefined) {
      at(`stock/${asked.sku}`).value += BigInt(asked.onHand);
      at(`stock/${asked.sku}`).opened = true;
    } else if (asked.amount !== undefined) {
      at(`account/${asked.account}`).value +=
        request.rpc === 'Deposit' ? BigInt(asked.amount) : -BigInt(asked.amount);
    } else if (asked.delta !== undefined) {
      at(`stock/${asked.sku}`).value += BigInt(asked.delta);
    } else if (asked.lines) {
      const { order, total } = found.answer.told;
      const after = gathered.orderReads.get(orderReadKey(request.caller, order ?? ''))?.after;
      // A cancelled one is net nothing, whenever it was cancelled.
      if (after?.status !== 'CONFIRMED') continue;
      // What a card paid is in the card provider's books: provider-books.ts.
      if (asked.account !== undefined) at(`account/${asked.account}`).value -= BigInt(total ?? 0);
      for (const { sku, quantity } of asked.lines) at(`stock/${sku}`).sold += BigInt(quantity);
    }
  }
  return expected;
}
