// Strangers: what one caller made, the other one must not be able to read. Of orders the simulation's books see to that.

import type { Callers } from '../simulation/callers.ts';
import type { Ledger } from '../simulation/ledger.ts';
import type { Request } from '../simulation/requests.ts';

/** How often a stranger tried, and where it could. */
export async function strangersRead(
  callers: Callers,
  ledger: Ledger,
): Promise<{ tries: number; lies: string[] }> {
  const lies: string[] = [];
  let tries = 0;
  for (const { request } of ledger.accounts()) {
    const { caller, about } = request;
    const stranger = caller === 'alice' ? 'bob' : 'alice';
    const read = readingOf(request);
    if (!read) continue;
    tries += 1;
    const answer = await callers.read(stranger, ...read);
    if (answer.answer !== 'refused') lies.push(`I9 ${stranger} can read ${caller}'s ${about}`);
  }
  return { tries, lies };
}

type Reading = [service: 'payment' | 'inventory', method: string, message: Readonly<Record<string, unknown>>];

function readingOf({ method, message }: Request): Reading | undefined {
  switch (method.name) {
    case 'CreatePayment':
      return ['payment', 'getPayment', { paymentId: message['paymentId'] }];
    case 'ReserveStock':
      return ['inventory', 'getReservation', { reservationId: message['reservationId'] }];
    default:
      return undefined;
  }
}
