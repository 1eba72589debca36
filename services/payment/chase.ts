// The chase: takes turns of open card payments until they are settled, one turn of a payment at a time in this process,
// with growing delays. What it remembers is courtesy to the provider; forgetting it, in a crash, costs one more ask.

import type { Journal } from '../../shared/journal/index.ts';
import type { Clock, Logger, Random } from '../../shared/runtime/index.ts';
import type { CardFlow, Turn } from './card-flow.ts';
import { isCardOpen } from './domain/card-changes.ts';
import { isAccount } from './domain/names.ts';
import type { PaymentState } from './domain/payment-state.ts';

export interface ChaseLimits {
  /** The first delay after an answer that says nothing; doubled each time, half of it random. */
  readonly firstDelayMs: number;
  /** The longest delay of a payment whose outcome is unknown: somebody is waiting for it. */
  readonly unknownDelayMsMax: number;
  /** The delay of one that needs a person: long enough to be no load, short enough to go on soon after the repair. */
  readonly stuckDelayMs: number;
  /** Turns in a row that moved something: a payment has an outcome, some refunds, a cancel. Beyond that it is a bug. */
  readonly turnsMax: number;
  /** Between two looks for what nobody waits for. */
  readonly sweepEveryMs: number;
  /** Payments at once: a provider takes some 25 requests a second of a test account, 100 of a real one. */
  readonly parallelMax: number;
}

export const chaseLimits: ChaseLimits = {
  firstDelayMs: 200,
  unknownDelayMsMax: 60_000,
  stuckDelayMs: 60_000,
  turnsMax: 50,
  sweepEveryMs: 1_000,
  parallelMax: 16,
};

export interface Chase {
  /** Until nothing is open, a person is needed, or `untilMs`. What is open then is not forgotten: the sweeper goes on. */
  settle(entity: string, untilMs: number): Promise<'settled' | 'stuck' | 'open'>;
  /** Something new is known of it: the next turn is due now. */
  nudge(entity: string): void;
  /** Sweeps until `signal` aborts. */
  run(signal: AbortSignal): Promise<void>;
}

interface Pace {
  failureCount: number;
  notBeforeMs: number;
  /** Wakes who waits for the next turn. */
  nudged: AbortController;
}

export function createChase(deps: {
  journal: Pick<Journal, 'follow' | 'openEntities'>;
  flow: CardFlow;
  clock: Clock;
  random: Random;
  log: Logger;
  limits?: Partial<ChaseLimits>;
}): Chase {
  const { journal, flow, clock, random, log } = deps;
  const limits = { ...chaseLimits, ...deps.limits };
  /** Only of payments that are open and were asked about in vain, and forgotten when they are settled. */
  const paces = new Map<string, Pace>();
  const underWay = new Map<string, Promise<Turn['turn']>>();

  /** Turns as long as they move something. Whoever comes meanwhile gets the same answer. */
  function go(entity: string): Promise<Turn['turn']> {
    const running = underWay.get(entity);
    if (running) return running;
    const going = takeTurns(entity).finally(() => underWay.delete(entity));
    underWay.set(entity, going);
    return going;
  }

  async function takeTurns(entity: string): Promise<Turn['turn']> {
    for (let count = 0; count < limits.turnsMax; count += 1) {
      const turn = await flow.takeTurn(entity);
      if (turn.turn === 'moved') continue;
      if (turn.turn === 'settled') paces.delete(entity);
      else delay(entity, turn);
      return turn.turn;
    }
    throw new Error(`${entity} is not settled after ${limits.turnsMax} turns that each moved something`);
  }

  function delay(entity: string, turn: Turn): void {
    const pace = paceOf(entity);
    const growing = Math.min(
      limits.unknownDelayMsMax,
      limits.firstDelayMs * 2 ** Math.min(pace.failureCount, 20),
    );
    const ceilingMs = turn.turn === 'stuck' ? limits.stuckDelayMs : growing;
    const askedMs = turn.turn === 'waiting' ? turn.retryDelayMs : 0;
    pace.failureCount += 1;
    pace.notBeforeMs = clock.nowMs() + Math.max(askedMs, ceilingMs * (0.5 + random.fraction() / 2));
  }

  function paceOf(entity: string): Pace {
    const pace = paces.get(entity) ?? { failureCount: 0, notBeforeMs: 0, nudged: new AbortController() };
    paces.set(entity, pace);
    return pace;
  }

  async function settle(entity: string, untilMs: number): Promise<'settled' | 'stuck' | 'open'> {
    for (;;) {
      const pace = paces.get(entity);
      const waitMs = Math.min(pace?.notBeforeMs ?? 0, untilMs) - clock.nowMs();
      if (pace && waitMs > 0) await clock.sleep(waitMs, pace.nudged.signal);
      else {
        const turn = await go(entity);
        if (turn === 'settled' || turn === 'stuck') return turn;
      }
      if (clock.nowMs() >= untilMs) return 'open';
    }
  }

  async function sweep(): Promise<void> {
    await journal.follow();
    const nowMs = clock.nowMs();
    // What only waits for a person is listed as open, too; there is nothing to ask about it.
    const open = [...journal.openEntities()].flatMap(([entity, { state }]) =>
      !isAccount(entity) && isCardOpen(state as PaymentState) ? [entity] : [],
    );
    const due = open.filter(
      (entity) => !underWay.has(entity) && (paces.get(entity)?.notBeforeMs ?? 0) <= nowMs,
    );
    const next = due.values();
    const worker = async () => {
      for (const entity of next) await go(entity).catch((error: unknown) => giveUpForNow(entity, error));
    };
    await Promise.all(Array.from({ length: limits.parallelMax }, worker));
  }

  /** The journal does not answer, or a bug: one payment must not keep the others waiting. */
  function giveUpForNow(entity: string, error: unknown): void {
    log.warn({ err: error, entity }, 'could not take a turn of a card payment');
    delay(entity, { turn: 'waiting', retryDelayMs: 0 });
  }

  return {
    settle,
    nudge(entity) {
      const pace = paces.get(entity);
      if (!pace) return;
      paces.delete(entity);
      pace.nudged.abort();
    },
    async run(signal) {
      const stopping = new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      while (!signal.aborted) {
        const swept = sweep().catch((error: unknown) =>
          log.warn({ err: error }, 'the sweeper could not read'),
        );
        // A stop does not wait for the provider, who may take longer than a stop may: dying in a turn is safe.
        await Promise.race([swept, stopping]);
        await clock.sleep(limits.sweepEveryMs, signal);
      }
    },
  };
}
