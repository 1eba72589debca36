// Coming to rest: after the storm time passes until nothing is open any more, and it must be, soon. Time in which nothing
// can happen is slept through by everybody at once, so that it costs no events.

import { isCardOpen } from '../../services/payment/domain/card-changes.ts';
import type { PaymentState } from '../../services/payment/domain/payment-state.ts';
import type { State } from '../../shared/journal/index.ts';
import { jumpMsMax } from './plan.ts';
import type { SimulatedProcess } from './process.ts';
import type { ServiceName, Suite } from './suite.ts';

export interface Rest {
  /** Resolves when every process serves, and says whether one was missing. Whoever sleeps wakes when it was to. */
  allServe(): Promise<boolean>;
  /** Resolves when no saga and no card payment is open, or with what still is. */
  come(): Promise<string | undefined>;
  /** After the last saga: resolves when the sweepers have looked at what nobody waits for. */
  sweep(): Promise<void>;
}

/** Of the calm: the longest deadline, the longest pause that began in the storm, and what clocks that were wrong put off. */
const restMsMax = 400_000 + jumpMsMax;
/** Between two looks whether everything is at rest. */
const lookEveryMs = 1_000;
/** A little more than the grace of the inventory's sweeper, and then two of its turns. */
const graceMs = 10_500;
const turnsMs = 9_000;

/** A provider's memory lasts a day: what waits for it to forget, or for what may still arrive, waits in such steps. */
const leapMs = 3_600_000;
/** A little more than the day for which the services trust anything of a provider. */
const leapsMax = 30;
/** From the calm to the first leap: past the search lag of the provider and the longest pause of the chase. */
const firstLeapMs = 200_000;
/** Between two leaps: a turn of everything. */
const nextLeapMs = 15_000;
/** Between two turns of the operator: past what comes to rest without one. */
const operatorEveryMs = 100_000;

export function createRest(deps: {
  suite: Pick<Suite, 'machines'>;
  /** The callers', which never sleeps. */
  process: SimulatedProcess;
  darkMs(): number;
  /** What an operator does about orders that are still open; undefined where none should be needed. */
  readonly operate?: ((orders: readonly string[]) => Promise<unknown>) | undefined;
}): Rest {
  const { suite, process, darkMs, operate } = deps;
  const { clock } = process;

  async function leap(durationMs: number): Promise<void> {
    for (const machine of suite.machines) machine.process().pauseFor(durationMs);
    await clock.sleep(durationMs);
  }

  /** What is open in a service's journal; undefined while each of its processes sleeps. Of one that is down, nothing. */
  async function openIn(service: ServiceName): Promise<[string, State][] | undefined> {
    const up = suite.machines.filter((machine) => machine.service === service && machine.journal());
    const awake = up.filter((machine) => !machine.process().isPaused());
    if (up.length > 0 && awake.length === 0) return undefined;
    await Promise.all(awake.map((machine) => machine.journal()?.follow()));
    return awake.flatMap((machine) =>
      [...(machine.journal()?.openEntities() ?? [])].map(([entity, { state }]): [string, State] => [
        entity,
        state,
      ]),
    );
  }

  return {
    async allServe() {
      for (let wasMissing = false; ; wasMissing = true) {
        const missing = suite.machines.filter((machine) => !machine.server() || machine.process().isPaused());
        if (missing.length === 0) return wasMissing;
        const isStarting = missing.some((machine) => !machine.process().isPaused());
        const pauses = missing.map((machine) => machine.process().pausedMs());
        if (darkMs() > 0) await clock.sleep(darkMs());
        else if (isStarting) await clock.sleep(lookEveryMs);
        else await leap(Math.min(...pauses) + 1);
      }
    },

    async come() {
      const beganAtMs = clock.nowMs();
      let leaptMs = 0;
      let leapAtMs = beganAtMs + firstLeapMs;
      let operateAtMs = beganAtMs + operatorEveryMs;
      for (;;) {
        await clock.sleep(lookEveryMs);
        const orders = await openIn('order');
        const payments = (await openIn('payment'))?.filter(([, state]) => isCardOpen(state as PaymentState));
        const [first] = [...(orders ?? []), ...(payments ?? [])];
        if (orders && payments && !first) break;
        if (operate && orders && orders.length > 0 && clock.nowMs() >= operateAtMs) {
          operateAtMs = clock.nowMs() + operatorEveryMs;
          await operate(orders.map(([entity]) => entity));
        }
        const mayLeap = payments !== undefined && payments.length > 0 && leaptMs < leapsMax * leapMs;
        if (mayLeap && clock.nowMs() >= leapAtMs) {
          await leap(leapMs);
          leaptMs += leapMs;
          leapAtMs = clock.nowMs() + nextLeapMs;
        } else if (clock.nowMs() - beganAtMs - leaptMs > restMsMax) {
          return first?.[0] ?? 'what nobody is awake to see';
        }
      }
      return undefined;
    },

    async sweep() {
      await leap(graceMs);
      await clock.sleep(turnsMs);
    },
  };
}
