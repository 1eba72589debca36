// After the load: waits until every request has a definite answer and no saga is open, and says how long that took.

import { setTimeout as sleep } from 'node:timers/promises';
import { listSagas } from './load/calls.ts';
import type { StormClock } from './load/clock.ts';
import type { Fleet } from './load/fleet.ts';
import type { CallerIdentity } from './load/messages.ts';
import type { Sender } from './load/sender.ts';

export interface Settled {
  readonly tookMs: number;
  readonly openSagas: number;
  readonly unanswered: number;
}

const lookEveryMs = 100;
/** Four times what is promised: beyond it nobody is on the way any more. */
const waitMsMax = 120_000;

/** Everything must be up when this is called: the time that is measured is the services', not the restarts'. */
export async function untilAtRest(deps: {
  readonly fleet: Fleet;
  readonly sender: Sender;
  readonly operator: CallerIdentity;
  readonly clock: StormClock;
}): Promise<Settled> {
  const { fleet, sender, operator, clock } = deps;
  const startMs = clock();
  const untilMs = startMs + waitMsMax;
  const unanswered = await fleet.resolve(waitMsMax);
  for (;;) {
    const { answer, told } = await sender.insist(
      { call: listSagas(), requestId: '', caller: operator, phase: 'after' },
      untilMs,
    );
    const openSagas = answer.outcome === 'done' ? Number(told?.status ?? 0) : 0;
    if (
      answer.outcome === 'refused' ||
      (answer.outcome === 'unknown' && answer.reason === 'PERMISSION_REQUIRED')
    ) {
      throw new Error(
        `The open sagas cannot be listed (${answer.reason}): --token needs an operator's token.`,
      );
    }
    const isAtRest = answer.outcome === 'done' && openSagas === 0;
    if (isAtRest || clock() > untilMs) return { tookMs: clock() - startMs, openSagas, unanswered };
    await sleep(lookEveryMs);
  }
}
