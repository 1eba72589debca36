// The way of the provider's events to the payment processes: early, late, twice, never, or forged by somebody else. Signed
// and repeated by the provider simulator's own code; what carries them is the simulated network.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ProviderEvent } from '../../provider-simulator/books.ts';
import { createWebhooks, type WebhookHabit, webhookHabits } from '../../provider-simulator/webhooks.ts';
import { type WebhookHandler, webhookPath } from '../../services/payment/webhooks.ts';
import type { Logger } from '../../shared/runtime/index.ts';
import { type ExchangeDependencies, exchange } from './exchange.ts';
import type { SimulatedProcess } from './process.ts';

export const webhookSecret = 'whsec_simulation';

export interface Receiver {
  readonly process: SimulatedProcess;
  readonly handler: WebhookHandler;
}

/** How long the provider waits for a receiver. */
const deliveryMsMax = 2_000;
/**
 * Stripe's SDK holds the time of a signature against the machine's clock, which is not the simulation's. One from the
 * future is never too old.
 */
const centuryMs = 100 * 365 * 86_400_000;

export function createWebhookLink(
  deps: ExchangeDependencies & {
    /** The provider's. */
    readonly process: SimulatedProcess;
    readonly log: Logger;
    /** The payment processes; one that is down is undefined. */
    receivers(): readonly (Receiver | undefined)[];
    complain(complaint: string): void;
  },
): (event: ProviderEvent) => Promise<void> {
  const { luck, weather, history, process, log } = deps;
  const clock = { ...process.clock, nowMs: () => process.clock.nowMs() + centuryMs };

  function post(label: string, body: string, signature: string): Promise<number> {
    const late = new AbortController();
    process.after(deliveryMsMax, () => late.abort());
    return exchange<number>(deps, {
      from: process,
      label,
      signal: late.signal,
      gaveUp: () => new Error('the receiver did not answer'),
      broken: () => ({ says: '', error: new Error('the simulated connection closed') }),
      arrive(back) {
        const receiver = luck.pick(deps.receivers() as [undefined, ...undefined[]]) as Receiver | undefined;
        if (!receiver) return back.breakOff();
        const stopWatching = receiver.process.onDeath(back.breakOff);
        receiver.process.after(0, () => {
          receive(receiver.handler, body, signature, (status) => {
            stopWatching();
            back.answer(status, `${receiver.process.name} ${status}`, false);
          });
        });
      },
    });
  }

  async function carry(_url: string, init: RequestInit): Promise<Response> {
    const headers = init.headers as Readonly<Record<string, string>>;
    const status = await post('provider event', String(init.body), headers['stripe-signature'] ?? '');
    return { ok: status < 300 } as Response;
  }

  /** Somebody who knows the payment's name and not the secret. */
  async function forge({ id, type, object }: ProviderEvent): Promise<void> {
    const event = { id: `forged-${id}`, object: 'event', type, data: { object } };
    const status = await post('forged event', JSON.stringify(event), 't=4102444800,v1=f0f0');
    if (status !== 400 && status !== 503) deps.complain(`I2 a forged event was answered ${status}`);
  }

  const webhooks = createWebhooks({
    url: 'https://simulated/webhooks',
    secret: webhookSecret,
    clock,
    log,
    fetchFn: carry,
  });

  return async (event) => {
    const isUnusual = luck.chance(weather().webhook);
    const habit: WebhookHabit = isUnusual ? luck.pick(webhookHabits) : 'usual';
    history.note('provider tells', event.id, event.type, habit);
    if (isUnusual) void forge(event).catch(() => undefined);
    webhooks.setHabit(habit);
    await webhooks.tell(event);
  };
}

/** As node:http would give it: a request whose body is to be read, and a response that ends with a status. */
function receive(
  handler: WebhookHandler,
  body: string,
  signature: string,
  answered: (status: number) => void,
): void {
  const request = {
    method: 'POST',
    url: webhookPath,
    headers: { 'stripe-signature': signature },
    async *[Symbol.asyncIterator]() {
      yield Buffer.from(body);
    },
  };
  const response = {
    headersSent: false,
    writeHead(status: number) {
      answered(status);
      return { end: () => undefined };
    },
  };
  handler(request as unknown as IncomingMessage, response as unknown as ServerResponse);
}
