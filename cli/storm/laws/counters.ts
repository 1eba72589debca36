// I8 for numbers: each counter is linearizable. A counter is an account or an item that was moved in one direction only,
// and by nothing else. Then the values that were answered can have happened in one order only, and that order is checked:
// each step is the one before plus its own amount, it begins with the opening and ends with what is there at rest, nothing
// that was answered before another was asked comes after it, and every read saw a value that it could have seen.

import { answerOf, entityOf, type Gathered } from '../history/gather.ts';
import type { AskedFacts, ToldFacts } from '../history/line.ts';
import type { Contradiction, Law } from './law.ts';

interface Step {
  readonly id: string;
  readonly by: bigint;
  readonly value: bigint;
  readonly start: number;
  readonly end: number;
}

interface Refused {
  readonly id: string;
  readonly by: bigint;
  readonly end: number;
}

interface Counter {
  opening: bigint | undefined;
  readonly steps: Step[];
  readonly refused: Refused[];
}

export const counters: Law = (gathered) => {
  const contradictions: Contradiction[] = [];
  let checkedCount = 0;
  for (const [entity, counter] of countersOf(gathered)) {
    const find = (says: string) =>
      contradictions.push({ invariant: 'I8', wrong: 'lied', where: entity, says });
    checkedCount += counter.steps.length;
    const down = counter.steps.some(({ by }) => by < 0n);
    // Mirrored, a counter that goes down is one that goes up.
    const sign = down ? -1n : 1n;
    const steps = counter.steps
      .map((step) => ({ ...step, by: step.by * sign, value: step.value * sign }))
      .sort((one, other) => (one.value < other.value ? -1 : one.value > other.value ? 1 : 0));
    judgeChain(steps, (counter.opening ?? 0n) * sign, find);
    judgeRealTime(steps, find);
    for (const { start, end, told } of gathered.counterReads.filter((read) => read.entity === entity)) {
      checkedCount += 1;
      judgeRead(steps, { start, end, value: levelOf(told) * sign }, find);
    }
    const rest = gathered.rest.get(entity);
    const last = steps.at(-1)?.value ?? (counter.opening ?? 0n) * sign;
    if (rest && levelOf(rest) * sign !== last)
      find(`the last answer left ${last * sign}, at rest it is ${levelOf(rest)}`);
    for (const { id, by, end } of counter.refused) {
      checkedCount += 1;
      // The least that it can have been when this was refused: everything asked before the refusal was taken.
      const least = counter.steps.reduce(
        (sum, step) => (step.start < end ? sum + step.by : sum),
        counter.opening ?? 0n,
      );
      if (least + by >= 0n) find(`${id} was refused for want of ${-by}, when there were at least ${least}`);
    }
  }
  return { contradictions, checked: { I8: checkedCount } };
};

type Find = (says: string) => void;

/** Each of these finds the first contradiction only: after it, every further step would be one too. */
function judgeChain(steps: readonly Step[], opening: bigint, find: Find): void {
  const broken = steps.findIndex(
    ({ value, by }, index) => value !== (steps[index - 1]?.value ?? opening) + by,
  );
  const step = steps[broken];
  if (!step) return;
  const before = steps[broken - 1]?.value ?? opening;
  find(
    `${step.id} moved ${abs(step.by)} and was told ${abs(step.value)}, but the one before it left ${abs(before)}`,
  );
}

function judgeRealTime(steps: readonly Step[], find: Find): void {
  // From the end: whoever comes later in the chain must not have been answered before this one was asked.
  let earliest: Step | undefined;
  for (const step of steps.toReversed()) {
    if (earliest && earliest.end < step.start) {
      find(`${step.id} was asked after ${earliest.id} was answered, and took effect before it`);
      return;
    }
    if (!earliest || step.end < earliest.end) earliest = step;
  }
}

function judgeRead(
  steps: readonly Step[],
  read: { start: number; end: number; value: bigint },
  find: Find,
): void {
  const said = abs(read.value);
  const stale = steps.find(({ end, value }) => end < read.start && value > read.value);
  const early = steps.find(({ start, value }) => start > read.end && value <= read.value);
  if (stale) find(`a read said ${said} after ${stale.id} had been answered with ${abs(stale.value)}`);
  else if (early) find(`a read said ${said} before ${early.id} was asked, which left ${abs(early.value)}`);
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function levelOf({ balance, onHand }: ToldFacts): bigint {
  return balance === undefined ? BigInt(onHand ?? 0) : BigInt(balance);
}

function countersOf({ requests }: Gathered): Map<string, Counter> {
  const counters = new Map<string, Counter>();
  const notCounters = new Set<string>();
  for (const request of requests.values()) {
    const found = answerOf(request);
    const asked = found?.message.asked ?? request.messages[0]?.asked;
    if (!asked) continue;
    if (asked.lines) {
      // Money and stock of orders move without an answer that names the value.
      if (asked.account !== undefined) notCounters.add(`account/${asked.account}`);
      for (const { sku } of asked.lines) notCounters.add(`stock/${sku}`);
      continue;
    }
    const entity = entityOf(asked);
    if (!entity) continue;
    if (!found) {
      // An answer that is missing leaves a gap in the chain. keptWord reports it.
      notCounters.add(entity);
      continue;
    }
    const counter = counters.get(entity) ?? { opening: undefined, steps: [], refused: [] };
    counters.set(entity, counter);
    const { outcome, reason, told, endedAt } = found.answer;
    if (asked.opening !== undefined) counter.opening = BigInt(asked.opening);
    else if (asked.onHand !== undefined) counter.opening = BigInt(asked.onHand);
    else {
      const by = movedBy(request.rpc, asked);
      const step = { id: request.id, by, start: request.startedAt, end: endedAt };
      if (counter.steps.some((other) => other.by < 0n !== by < 0n)) notCounters.add(entity);
      if (outcome === 'done') counter.steps.push({ ...step, value: levelOf(told) });
      else if (reason === 'INSUFFICIENT_FUNDS' || reason === 'INSUFFICIENT_STOCK') counter.refused.push(step);
    }
  }
  for (const entity of notCounters) counters.delete(entity);
  for (const [entity, { opening }] of counters) if (opening === undefined) counters.delete(entity);
  return counters;
}

function movedBy(rpc: string, { delta, amount }: AskedFacts): bigint {
  if (delta !== undefined) return BigInt(delta);
  return rpc === 'Withdraw' ? -BigInt(amount ?? 0) : BigInt(amount ?? 0);
}
