// The payment methods that the simulator knows: some of Stripe's own test cards, and some for what Stripe's cannot show.

import type { Misbehaviour } from './misbehaviour.ts';

export interface TestCard {
  /** Absent: the card is charged. */
  readonly decline?: { readonly code: string; readonly declineCode?: string };
  /** What refunds of it do; `failed_first`: only the first one fails. Absent: they succeed. */
  readonly refund?: 'refused' | 'failed' | 'failed_first' | 'pending';
  /** What the provider does with a charge of it, `once` for each key or every time. */
  readonly misbehaviour?: { readonly kind: Misbehaviour; readonly always: boolean };
}

const declined = (declineCode: string): TestCard => ({ decline: { code: 'card_declined', declineCode } });

const stripesCards: Readonly<Record<string, TestCard>> = {
  pm_card_visa: {},
  pm_card_mastercard: {},
  pm_card_chargeDeclined: declined('generic_decline'),
  pm_card_visa_chargeDeclined: declined('generic_decline'),
  pm_card_visa_chargeDeclinedInsufficientFunds: declined('insufficient_funds'),
  pm_card_visa_chargeDeclinedLostCard: declined('lost_card'),
  pm_card_visa_chargeDeclinedStolenCard: declined('stolen_card'),
  pm_card_chargeDeclinedExpiredCard: { decline: { code: 'expired_card' } },
  pm_card_chargeDeclinedIncorrectCvc: { decline: { code: 'incorrect_cvc' } },
  pm_card_chargeDeclinedProcessingError: { decline: { code: 'processing_error' } },
  pm_card_authenticationRequired: { decline: { code: 'authentication_required' } },
  pm_card_refundFail: { refund: 'failed' },
  pm_card_pendingRefund: { refund: 'pending' },
};

const ownCards: Readonly<Record<string, TestCard>> = {
  pm_sim_refundRefused: { refund: 'refused' },
  pm_sim_refundFailsFirst: { refund: 'failed_first' },
};

/** `pm_sim_drop_after` misbehaves at the first charge of a key, `pm_sim_drop_after_always` at each. */
const misbehavingCard = /^pm_sim_([a-z_]+?)(_always)?$/;

export function testCard(paymentMethod: string, kinds: readonly Misbehaviour[]): TestCard | undefined {
  const known = stripesCards[paymentMethod] ?? ownCards[paymentMethod];
  if (known) return known;
  const [, name, always] = misbehavingCard.exec(paymentMethod) ?? [];
  const kind = kinds.find((candidate) => candidate === name);
  return kind && { misbehaviour: { kind, always: always !== undefined } };
}
