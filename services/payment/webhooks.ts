// The provider's webhooks. An event only says where to look: it is recorded once, and the payment's next turn comes at
// once instead of later. What it claims is not believed; a lost one costs a delay.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Journal } from '../../shared/journal/index.ts';
import type { Logger } from '../../shared/runtime/index.ts';
import type { Chase } from './chase.ts';
import { decideEvent } from './domain/card-payment.ts';
import { eventKey, isPaymentEntity } from './domain/names.ts';
import type { PaymentProvider } from './provider/provider.ts';

/** Where the provider is told to send its events. */
export const webhookPath = '/webhooks/provider';

/** A provider's event with its whole object; larger is no event. */
const bodyBytesMax = 256 * 1024;

/**
 * Events at work at once. They come past the server's admission, as many as the provider likes, and each reads and writes:
 * behind a slow database they would take the connections from the payments that they are about. More are sent away with
 * 503; the provider sends them again, and a payment is found out without them, too.
 */
const eventsAtWorkMax = 32;

/** Answers a request to the webhook's path and returns true; leaves every other alone. */
export type WebhookHandler = (request: IncomingMessage, response: ServerResponse) => boolean;

export function createWebhookHandler(deps: {
  journal: Pick<Journal, 'submit' | 'readState'>;
  provider: Pick<PaymentProvider, 'readEvent'>;
  chase: Pick<Chase, 'nudge'>;
  log: Logger;
}): WebhookHandler {
  const { journal, provider, chase, log } = deps;
  let atWorkCount = 0;

  /** The HTTP status: not 2xx means that the provider sends it again. */
  async function take(body: Buffer, signature: string): Promise<number> {
    const told = provider.readEvent(body, signature);
    if (told === 'forged') return 400;
    if (told === 'irrelevant') return 200;
    const { payment: entity, eventId: event, eventType, providerId } = told;
    // The provider's account may serve others too; their payments are none of this journal's.
    if (!isPaymentEntity(entity) || !(await journal.readState(entity))) return 200;
    await journal.submit({
      key: eventKey(event),
      fingerprint: '',
      entities: [entity],
      decide: (states) => decideEvent(states, entity, { event, eventType, providerId }),
    });
    chase.nudge(entity);
    return 200;
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const signature = request.headers['stripe-signature'];
    const status = body ? await take(body, typeof signature === 'string' ? signature : '') : 413;
    response.writeHead(status).end();
  }

  return (request, response) => {
    if (request.method !== 'POST' || request.url !== webhookPath) return false;
    if (atWorkCount >= eventsAtWorkMax) {
      request.resume();
      response.writeHead(503).end();
      return true;
    }
    atWorkCount += 1;
    answer(request, response)
      .catch((error: unknown) => {
        // The journal cannot be reached, or a bug: it comes again, and asking finds the same without it.
        log.warn({ err: error }, 'an event of the provider was not taken');
        if (response.headersSent) response.destroy();
        else response.writeHead(503).end();
      })
      .finally(() => {
        atWorkCount -= 1;
      });
    return true;
  };
}

/** Undefined when it is too long. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > bodyBytesMax) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}
