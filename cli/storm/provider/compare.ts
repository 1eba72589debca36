// Has the payment service compare the card provider's books with its own (ReconcilePayments), and waits a little for what it
// settles by itself.

import { setTimeout as sleep } from 'node:timers/promises';
import { compareBooks, isPassing, isPassingFault, sayKind } from '../../reconcile.ts';
import { patiently } from '../patiently.ts';

export interface BooksDifference {
  readonly kind: string;
  readonly payment: string;
  readonly provider: string;
  readonly says: string;
  readonly action: string;
  /** The service settles it by itself. */
  readonly isPassing: boolean;
}

export interface BooksCompared {
  readonly checkedCount: number;
  readonly differences: readonly BooksDifference[];
}

/** Everything was at rest before; this is for an answer that is still on its way. */
const settleMsMax = 20_000;
const againEveryMs = 1_000;

export async function compareUntilSettled(
  payment: string,
  token: string | undefined,
  since: Date,
): Promise<BooksCompared> {
  const startMs = performance.now();
  for (;;) {
    const { differences, checkedCount } = await patiently(
      () => compareBooks({ payment, ...(token ? { token } : {}) }, since),
      { isPassing: isPassingFault },
    );
    if (differences.some(isPassing) && performance.now() - startMs < settleMsMax) {
      await sleep(againEveryMs);
      continue;
    }
    return {
      checkedCount,
      differences: differences.map((difference) => ({
        kind: sayKind(difference),
        payment: `${difference.caller}/${difference.paymentId}`,
        provider: difference.providerId,
        says: difference.description,
        action: difference.action,
        isPassing: isPassing(difference),
      })),
    };
  }
}
