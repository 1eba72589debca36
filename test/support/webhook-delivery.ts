// Brings a provider's event to the payment service's receiver without a socket.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { type WebhookHandler, webhookPath } from '../../services/payment/webhooks.ts';

/** The HTTP status that the receiver answers; 503 where nobody listens. */
export function deliverTo(receiver: WebhookHandler | undefined, init: RequestInit = {}): Promise<number> {
  if (!receiver) return Promise.resolve(503);
  const request = Object.assign(Readable.from([Buffer.from(String(init.body))]), {
    method: init.method,
    url: webhookPath,
    headers: init.headers,
  });
  return new Promise((resolve) => {
    const response = {
      headersSent: false,
      writeHead(status: number) {
        resolve(status);
        return { end: () => undefined };
      },
    };
    receiver(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  });
}
