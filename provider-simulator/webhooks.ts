// Webhooks: tells of events, signed as Stripe signs, in time or not. Losing one is allowed: who rests on them is wrong.

import { createHmac } from 'node:crypto';
import type { Clock, Logger } from '../shared/runtime/index.ts';
import type { ProviderEvent } from './books.ts';

/** early: before the answer of the request that caused it leaves. late, twice, never: as they say. */
export const webhookHabits = ['usual', 'early', 'late', 'twice', 'never'] as const;
export type WebhookHabit = (typeof webhookHabits)[number];

export interface Webhooks {
  /** Resolves at once, or after the delivery when it is to be early. */
  tell(event: ProviderEvent): Promise<void>;
  /** How events are told from now on; `cycle`: each in the next way, in turn. */
  setHabit(habit: WebhookHabit | 'cycle'): void;
}

/** Attempts of one delivery, and the pause between them. Stripe goes on for days; here a test would wait. */
const attemptsMax = 3;
const attemptDelayMs = 500;
const lateDelayMs = 3_000;
/** A receiver that does not answer must not hold the simulator. */
const deliveryMsMax = 2_000;

export function createWebhooks(deps: {
  url: string;
  secret: string;
  habit?: WebhookHabit | 'cycle';
  clock: Clock;
  log: Logger;
  fetchFn?: (url: string, init: RequestInit) => Promise<Response>;
}): Webhooks {
  const { url, secret, clock, log, fetchFn = fetch } = deps;
  let { habit = 'usual' } = deps;
  let toldCount = 0;

  async function deliver(event: ProviderEvent): Promise<void> {
    for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
      try {
        const response = await fetchFn(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...signed(event) },
          body: bodyOf(event),
          signal: AbortSignal.timeout(deliveryMsMax),
        });
        if (response.ok) return;
      } catch (error) {
        log.debug({ err: error, event: event.id }, 'webhook not delivered');
      }
      await clock.sleep(attemptDelayMs);
    }
  }

  const bodyOf = (event: ProviderEvent): string =>
    JSON.stringify({ id: event.id, object: 'event', type: event.type, data: { object: event.object } });

  function signed(event: ProviderEvent): Record<string, string> {
    const atSeconds = Math.floor(clock.nowMs() / 1_000);
    const signature = createHmac('sha256', secret)
      .update(`${atSeconds}.${bodyOf(event)}`)
      .digest('hex');
    return { 'stripe-signature': `t=${atSeconds},v1=${signature}` };
  }

  return {
    async tell(event) {
      if (url === '') return;
      toldCount += 1;
      const how = habit === 'cycle' ? webhookHabits[toldCount % webhookHabits.length] : habit;
      switch (how) {
        case 'early':
          return deliver(event);
        case 'late':
          void clock.sleep(lateDelayMs).then(() => deliver(event));
          return;
        case 'twice':
          void deliver(event).then(() => deliver(event));
          return;
        case 'never':
          return;
        default:
          void deliver(event);
      }
    },
    setHabit(next) {
      habit = next;
    },
  };
}
