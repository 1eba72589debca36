// I9: nobody got another's answer. What came back is what this caller asked for under this id, and no caller could read
// an order that is not its own.

import { answerOf, entityOf, linesText, orderReadKey, type RequestFacts } from '../history/gather.ts';
import type { AskedFacts, ToldFacts } from '../history/line.ts';
import type { Contradiction, Law } from './law.ts';
import { nameOf } from './one-answer.ts';

export const ownAnswers: Law = ({ requests, orderReads }) => {
  const contradictions: Contradiction[] = [];
  const owners = new Map<string, RequestFacts>();
  let checkedCount = 0;
  const find = (where: string, says: string) =>
    contradictions.push({ invariant: 'I9', wrong: 'lied', where, says });

  for (const request of requests.values()) {
    for (const { asked, answers } of request.messages) {
      for (const { outcome, told } of answers) {
        checkedCount += 1;
        if (outcome === 'done' && !isAbout(asked, told)) {
          find(nameOf(request), `asked ${JSON.stringify(asked)}, was told of ${JSON.stringify(told)}`);
        }
      }
    }
    if (request.rpc !== 'PlaceOrder') continue;
    const order = answerOf(request)?.answer.told.order;
    if (order === undefined) continue;
    const other = owners.get(order);
    if (other) find(nameOf(request), `was given order ${order}, which belongs to ${nameOf(other)}`);
    owners.set(order, request);
  }
  for (const { order, caller, confirmedReadAt, openReadAt, undoneReadAt } of orderReads.values()) {
    checkedCount += 1;
    const owner = owners.get(order);
    const wasRead = Math.max(confirmedReadAt, openReadAt, undoneReadAt) > Number.NEGATIVE_INFINITY;
    if (owner && owner.caller !== caller && wasRead) {
      find(orderReadKey(caller, order), `read the order that ${nameOf(owner)} placed`);
    }
  }
  return { contradictions, checked: { I9: checkedCount } };
};

function isAbout(asked: AskedFacts, told: ToldFacts): boolean {
  if (asked.lines) {
    // An order by card names no account.
    return told.account === (asked.account ?? '') && linesText(told.lines ?? []) === linesText(asked.lines);
  }
  if (asked.order !== undefined) return told.order === asked.order;
  const entity = entityOf(asked);
  return entity === `account/${told.account}` || entity === `stock/${told.sku}`;
}
