// After the load: waits until no saga is open, and says how long that took; then asks every request that was left without
// an answer, until it has one. In this order: a request that was refused for overload begins only when it is asked again.

import { setTimeout as sleep } from 'node:timers/promises';
import { listSagas } from './load/calls.ts';
import type { StormClock } from './load/clock.ts';
import type { Fleet } from './load/fleet.ts';
import type { CallerIdentity } from './load/messages.ts';
import type { Sender } from './load/sender.ts';

export interface Settled {
  /** From the moment when everything was up again until no saga was open. */
  readonly tookMs: number;
  readonly openSagas: number;
  /** Requests that had been left, how long asking them took, and those that still have no answer after it. */
  readonly left: number;
  readonly askedMs: number;
  readonly unanswered: number;
}

/** For people: what is going on. */
export type SettleStep =
  | { readonly step: 'waiting'; readonly openSagas: number }
  | { readonly step: 'asking'; readonly left: number };

const lookEveryMs = 100;
/** Four times what is promised: beyond it nobody is on the way any more. */
const waitMsMax = 120_000;
/** An excess leaves thousands of requests, and each of them is an order that is placed now. */
const askMsMax = 600_000;

/** Everything is up since `healedAtMs`: the time that is measured is the services', not the restarts'. */
export async function untilAtRest(deps: {
  readonly fleet: Fleet;
  readonly sender: Sender;
  readonly operator: CallerIdentity;
  readonly clock: StormClock;
  readonly healedAtMs: number;
  readonly onStep: (step: SettleStep) => void;
}): Promise<Settled> {
  const { fleet, clock, healedAtMs, onStep } = deps;
  const openSagasThen = await untilNoSagaIsOpen(deps);
  const tookMs = clock() - healedAtMs;
  const left = fleet.unanswered();
  onStep({ step: 'asking', left });
  const startMs = clock();
  const unanswered = await fleet.resolve(askMsMax);
  const askedMs = clock() - startMs;
  const openSagas = Math.max(openSagasThen, await untilNoSagaIsOpen(deps));
  return { tookMs, openSagas, left, askedMs, unanswered };
}

async function untilNoSagaIsOpen({
  sender,
  operator,
  clock,
  onStep,
}: {
  readonly sender: Sender;
  readonly operator: CallerIdentity;
  readonly clock: StormClock;
  readonly onStep: (step: SettleStep) => void;
}): Promise<number> {
  const untilMs = clock() + waitMsMax;
  for (;;) {
    const { answer, told } = await sender.insist(
      { call: listSagas(), requestId: '', caller: operator, phase: 'after' },
      untilMs,
    );
    const openSagas = answer.outcome === 'done' ? Number(told?.status ?? 0) : 0;
    onStep({ step: 'waiting', openSagas });
    if (
      answer.outcome === 'refused' ||
      (answer.outcome === 'unknown' && answer.reason === 'PERMISSION_REQUIRED')
    ) {
      throw new Error(
        `The open sagas cannot be listed (${answer.reason}): --token needs an operator's token.`,
      );
    }
    const isAtRest = answer.outcome === 'done' && openSagas === 0;
    if (isAtRest || clock() > untilMs) return openSagas;
    await sleep(lookEveryMs);
  }
}
