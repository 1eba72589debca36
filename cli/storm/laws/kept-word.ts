// I8: no lie. An acknowledged order is there from that moment on, with the same content; a refused one never is; a
// cancelled one does not come back. I5: in the end every request has a definite answer and every order a definite end.

import { answerOf, contentOf, type Gathered, orderReadKey, type RequestFacts } from '../history/gather.ts';
import type { Contradiction, Law, Wrong } from './law.ts';
import { nameOf } from './one-answer.ts';

interface Cancels {
  startedAt: number;
  /** When the first success of one had come; infinite when none was acknowledged. */
  acknowledgedAt: number;
}

export const keptWord: Law = (gathered) => {
  const contradictions: Contradiction[] = [];
  const cancels = cancelsOf(gathered);
  let checkedCount = 0;
  let unreadCount = 0;

  for (const request of gathered.requests.values()) {
    const found = answerOf(request);
    if (!found) {
      if (request.messages.some(({ reusedCount }) => reusedCount > 0)) continue;
      contradictions.push({
        invariant: 'I5',
        wrong: 'lost',
        where: nameOf(request),
        says: `never got a definite answer in ${request.callCount} calls`,
      });
      continue;
    }
    if (request.rpc !== 'PlaceOrder') continue;
    const { answer } = found;
    const order = answer.told.order;
    const reads =
      order === undefined ? undefined : gathered.orderReads.get(orderReadKey(request.caller, order));
    if (!reads?.after) {
      // A refusal that left no order has nothing to be read; an acknowledged order always has.
      if (answer.outcome === 'done') unreadCount += 1;
      continue;
    }
    checkedCount += 1;
    const find = (wrong: Wrong, says: string) =>
      contradictions.push({ invariant: 'I8', wrong, where: `order ${order}, ${nameOf(request)}`, says });
    const cancel = cancels.get(orderReadKey(request.caller, reads.order));
    if (answer.outcome === 'refused') {
      // The last read of any kind but "undone" must lie before the refusal.
      const alive = Math.max(reads.confirmedReadAt, reads.openReadAt);
      if (alive > answer.endedAt)
        find('lied', `was refused with ${answer.reason}, and was alive when read afterwards`);
      else if (reads.after.status !== 'CANCELLED')
        find('lied', `was refused, and is ${reads.after.status} in the end`);
      continue;
    }
    if (reads.missingReadAt > answer.endedAt)
      find('lost', 'was acknowledged, and was not there when read afterwards');
    if (reads.openReadAt > answer.endedAt)
      find('lied', 'was acknowledged, and was not confirmed when read afterwards');
    if (reads.undoneReadAt > Number.NEGATIVE_INFINITY && !cancel) {
      find('lost', 'was acknowledged and never cancelled by its caller, and was undone when read');
    }
    if (cancel && reads.confirmedReadAt > cancel.acknowledgedAt) {
      find('lied', 'its cancel was acknowledged, and it was confirmed when read afterwards');
    }
    if (
      reads.otherContent !== undefined ||
      (reads.content ?? contentOf(answer.told)) !== contentOf(answer.told)
    ) {
      find(
        'lied',
        `was acknowledged as ${contentOf(answer.told)}, and was ${reads.otherContent ?? reads.content} when read`,
      );
    }
    const { status } = reads.after;
    const isCancelled = cancel !== undefined && cancel.acknowledgedAt < Number.POSITIVE_INFINITY;
    if (isCancelled && status !== 'CANCELLED')
      find('lied', `its cancel was acknowledged, and it is ${status} in the end`);
    if (!isCancelled && status !== 'CONFIRMED' && !cancel)
      find('lost', `was acknowledged, and is ${status} in the end`);
  }
  return {
    contradictions,
    checked: { I8: checkedCount, I5: gathered.requests.size },
    ...(unreadCount > 0 ? { unjudged: `${unreadCount} acknowledged orders were not read at the end` } : {}),
  };
};

function cancelsOf({ requests }: Gathered): Map<string, Cancels> {
  const cancels = new Map<string, Cancels>();
  for (const request of requests.values()) {
    const order = orderOfCancel(request);
    if (order === undefined) continue;
    const key = orderReadKey(request.caller, order);
    const known = cancels.get(key);
    const answer = answerOf(request)?.answer;
    const acknowledgedAt = answer?.outcome === 'done' ? answer.endedAt : Number.POSITIVE_INFINITY;
    cancels.set(key, {
      startedAt: Math.min(known?.startedAt ?? Number.POSITIVE_INFINITY, request.startedAt),
      acknowledgedAt: Math.min(known?.acknowledgedAt ?? Number.POSITIVE_INFINITY, acknowledgedAt),
    });
  }
  return cancels;
}

function orderOfCancel({ rpc, messages }: RequestFacts): string | undefined {
  return rpc === 'CancelOrder' ? messages[0]?.asked.order : undefined;
}
