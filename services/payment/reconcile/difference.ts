// How a payment's two books can differ, and what settles each difference. Pure: compares what both sides said.
//
// The provider is read first and we second, so what is known here only a moment later is no difference.

import type { Outcome } from '../../../shared/journal/index.ts';
import { isCardOpen, isUndecided } from '../domain/card-changes.ts';
import { isTombstone, type PaymentState } from '../domain/payment-state.ts';
import type { BookedPayment, ProviderPayment, ProviderRefund } from '../provider/provider.ts';

export type DifferenceKind =
  | 'charged_unknown_here'
  | 'charged_there_only'
  | 'charged_here_only'
  | 'charged_twice'
  | 'amount_differs'
  | 'refund_unknown_here'
  | 'refund_there_only'
  | 'refund_here_only'
  | 'open';

export interface Difference {
  readonly kind: DifferenceKind;
  /** The payment's entity; undefined for one that this service never heard of. */
  readonly payment: string | undefined;
  readonly providerId: string;
  readonly description: string;
  readonly action: string;
}

const beingAsked = 'nothing to do: the provider is being asked, and it ends by itself';

/** Kinds that the service settles by itself: a comparison that found only these cannot tell yet. */
export const isPassing = ({ kind }: Difference): boolean =>
  kind === 'charged_unknown_here' || kind === 'refund_unknown_here' || kind === 'open';

/** A payment that the provider took, held against ours. */
export function differenceOfCharge(
  theirs: ProviderPayment,
  ours: PaymentState | undefined,
): Difference | undefined {
  const { payment, providerId, capturedMinorUnits: taken, currency } = theirs;
  if (taken === 0n) return undefined;
  const differ = (kind: DifferenceKind, here: string, action: string): Difference => ({
    kind,
    payment: ours && payment,
    providerId,
    description: `the provider took ${taken} ${currency}; here ${here}`,
    action,
  });
  const giveBack = `refund ${providerId} at the provider, or find out who made it`;
  if (payment === undefined || !ours)
    return differ('charged_there_only', 'there is no such payment', giveBack);
  if (isTombstone(ours))
    return differ('charged_there_only', 'it was cancelled before it was created', giveBack);
  if (isUndecided(ours)) return differ('charged_unknown_here', `it is ${ours.status}`, beingAsked);
  if (!wasTaken(ours)) return differ('charged_there_only', `it is ${ours.status}`, giveBack);
  if (ours.providerId !== providerId) {
    return differ(
      'charged_twice',
      `${ours.providerId} is its charge`,
      `refund ${providerId} at the provider`,
    );
  }
  if (ours.amount !== taken || ours.currency !== currency) {
    const here = `${ours.amount} ${ours.currency} were asked for`;
    return differ(
      'amount_differs',
      here,
      'give the difference back at the provider, or ask it for the reason',
    );
  }
  return undefined;
}

/** A refund in the provider's books, held against ours. `recorded`: what is recorded here of a refund with its id. */
export function differenceOfRefund(
  theirs: ProviderRefund,
  ours: PaymentState | undefined,
  recorded: Outcome | undefined,
): Difference | undefined {
  const { payment, providerId, refund, amountMinorUnits: amount, status } = theirs;
  // Made by hand at the provider. What it changes shows in the sums of its payment: differenceOfOurs.
  if (refund === undefined) return undefined;
  const differ = (kind: DifferenceKind, here: string, action: string): Difference => ({
    kind,
    payment: ours && payment,
    providerId,
    description: `the provider's refund of ${amount} is ${status}; here ${here}`,
    action,
  });
  const isPending = ours && !isTombstone(ours) && ours.pendingRefunds?.some(({ id }) => id === refund);
  if (status === 'failed') {
    return recorded?.succeeded
      ? differ(
          'refund_here_only',
          'it is recorded as given back',
          'give it back another way: it came back to the account',
        )
      : undefined;
  }
  if (isPending) return differ('refund_unknown_here', 'its outcome is not recorded yet', beingAsked);
  if (status === 'pending' || recorded?.succeeded) return undefined;
  const here = recorded ? 'it is recorded as refused' : 'there is no such refund';
  return differ(
    'refund_there_only',
    here,
    'nobody gets more than was taken: note it where the refund was made by hand',
  );
}

/** Our payment, held against the provider's book of it. */
export function differenceOfOurs(
  payment: string,
  ours: PaymentState,
  theirs: BookedPayment | undefined,
): Difference | undefined {
  if (isTombstone(ours)) return undefined;
  const { providerId = '', amount, refunded, currency, status, attention } = ours;
  const differ = (kind: DifferenceKind, description: string, action: string): Difference => ({
    kind,
    payment,
    providerId,
    description,
    action,
  });
  if (isCardOpen(ours)) {
    const action = attention === undefined ? beingAsked : `a person is needed: ${attention}`;
    return differ('open', `it is ${status} and the provider has not said its last word`, action);
  }
  if (!wasTaken(ours)) return undefined;
  if (!theirs || theirs.capturedMinorUnits === 0n) {
    const action = 'show the provider its own answer (its id is here); until then nothing was earned';
    return differ(
      'charged_here_only',
      `here ${amount} ${currency} were taken; the provider has nothing`,
      action,
    );
  }
  if (theirs.refundedMinorUnits === refunded) return undefined;
  const description = `here ${refunded} were given back, at the provider ${theirs.refundedMinorUnits}`;
  return theirs.refundedMinorUnits > refunded
    ? differ(
        'refund_there_only',
        description,
        'somebody refunded it at the provider: CancelPayment here records it when all of it is back',
      )
    : differ('refund_here_only', description, 'give the rest back at the provider');
}

/** Whether money was taken, whatever was given back since. */
function wasTaken(payment: PaymentState): boolean {
  if (isTombstone(payment)) return false;
  const { status, refunded } = payment;
  return status === 'captured' || status === 'refunded' || (status === 'cancelled' && refunded > 0n);
}
