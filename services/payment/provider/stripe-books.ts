// Stripe's books by page, for comparing them with ours. Lists, unlike searches, show what was written just now.

import type Stripe from 'stripe';
import { faultOf } from './classify.ts';
import type { BookedPayment, BooksPage, ProviderPayment, ProviderRefund } from './provider.ts';

/** The most that Stripe gives. */
const pageSize = 100;

const seconds = (instant: Date): number => Math.floor(instant.getTime() / 1_000);
const instant = (inSeconds: number): Date => new Date(inSeconds * 1_000);

function range(since: Date, page: string | undefined) {
  return {
    created: { gte: seconds(since) },
    limit: pageSize,
    ...(page === undefined ? {} : { starting_after: page }),
  };
}

export async function readPayment(stripe: Stripe, providerId: string): Promise<BookedPayment | undefined> {
  try {
    const intent = await stripe.paymentIntents.retrieve(providerId, { expand: ['latest_charge'] });
    const charge = typeof intent.latest_charge === 'string' ? null : intent.latest_charge;
    return {
      capturedMinorUnits: BigInt(intent.amount_received),
      refundedMinorUnits: BigInt(charge?.amount_refunded ?? 0),
      currency: intent.currency.toUpperCase(),
    };
  } catch (error) {
    if (faultOf(error).outcome === 'absent') return undefined;
    throw error;
  }
}

export async function listPayments(
  stripe: Stripe,
  since: Date,
  page: string | undefined,
): Promise<BooksPage<ProviderPayment>> {
  const { data, has_more } = await stripe.paymentIntents.list(range(since, page));
  const items = data.map((intent) => ({
    providerId: intent.id,
    payment: intent.metadata['payment'],
    capturedMinorUnits: BigInt(intent.amount_received),
    currency: intent.currency.toUpperCase(),
    createdAt: instant(intent.created),
  }));
  return { items, nextPage: has_more ? data.at(-1)?.id : undefined };
}

export async function listRefunds(
  stripe: Stripe,
  since: Date,
  page: string | undefined,
): Promise<BooksPage<ProviderRefund>> {
  const { data, has_more } = await stripe.refunds.list(range(since, page));
  const items = data.map((refund) => ({
    providerId: refund.id,
    ofProviderId: idOf(refund.payment_intent),
    payment: refund.metadata?.['payment'],
    refund: refund.metadata?.['refund'],
    amountMinorUnits: BigInt(refund.amount),
    status: statusOf(refund.status),
    createdAt: instant(refund.created),
  }));
  return { items, nextPage: has_more ? data.at(-1)?.id : undefined };
}

function idOf(object: string | { id: string } | null): string {
  return object === null ? '' : typeof object === 'string' ? object : object.id;
}

function statusOf(status: string | null): ProviderRefund['status'] {
  if (status === 'succeeded') return 'succeeded';
  return status === 'failed' || status === 'canceled' ? 'failed' : 'pending';
}
