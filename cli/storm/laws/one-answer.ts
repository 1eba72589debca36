// I7: one id, one answer. Every definite answer under one request id is the same, whoever gave it and before or after
// whichever crash; one message wins the id, and only the others are told that it is taken.

import type { RequestFacts } from '../history/gather.ts';
import type { Contradiction, Law } from './law.ts';

export const oneAnswer: Law = ({ requests }) => {
  const contradictions: Contradiction[] = [];
  for (const request of requests.values()) {
    const says = contradictionOf(request);
    if (!says) continue;
    contradictions.push({ invariant: 'I7', wrong: 'lied', where: nameOf(request), says });
  }
  return { contradictions, checked: { I7: requests.size } };
};

function contradictionOf({ messages }: RequestFacts): string | undefined {
  const winners = messages.filter(({ answers }) => answers.length > 0);
  const [winner, second] = winners;
  if (second) return 'two different messages under one id were both answered';
  if (winner && winner.answers.length > 1) {
    return `one message got ${winner.answers.length} different answers: ${winner.answers.map(sayAnswer).join(' | ')}`;
  }
  if (winner && winner.reusedCount > 0) return 'the message that owns the id was told that another one does';
  const refused = messages.filter(({ reusedCount }) => reusedCount > 0);
  if (!winner && messages.length === refused.length && refused.length > 0) {
    return 'every message was told that the id belongs to another one';
  }
  const originalCount = winner?.answers[0]?.originalCount ?? 0;
  if (originalCount > 1) return `${originalCount} answers claim to be the first, not a replay`;
  return undefined;
}

function sayAnswer({ outcome, reason, answer }: RequestFacts['messages'][number]['answers'][number]): string {
  return `${outcome} ${reason || answer}`;
}

export function nameOf({ rpc, id, caller }: RequestFacts): string {
  return `${rpc} ${id} of ${caller}`;
}
