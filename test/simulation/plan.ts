// The plan of a run: what callers ask for, and what goes wrong when. How it is drawn: plans.ts.

import type { CardSettings } from './suite.ts';
import type { Weather } from './weather.ts';

/** What is asked of one order, payment or reservation. Commands name it by its place in the plan. */
export interface Wish {
  readonly caller: 'alice' | 'bob';
  readonly account: number;
  /** The provider's payment method; absent: it is paid from the account. */
  readonly card?: Card | undefined;
  readonly lines: readonly { readonly sku: number; readonly quantity: number }[];
  /** For a payment. Minor units. */
  readonly amount: number;
  /** For an order; 0: no limit. */
  readonly totalMax: number;
  /** For a reservation; 0: it never expires. */
  readonly ttlMs: number;
}

export const cards = {
  good: 'pm_card_visa',
  declined: 'pm_card_chargeDeclined',
  unknown: 'pm_nobody_knows',
  /** Charged, and the first refund of it fails: whoever wants the money back must ask twice. */
  refundFailsFirst: 'pm_sim_refundFailsFirst',
} as const;
export type Card = keyof typeof cards;

export const commandKinds = [
  'place',
  'cancel',
  'abort',
  'retry',
  'pay',
  'refund',
  'cancelPayment',
  'deposit',
  'withdraw',
  'reserve',
  'commit',
  'release',
  'adjust',
  'reprice',
  'delete',
  'refundLines',
  'returnStock',
  'freeze',
  'unfreeze',
  'close',
  'reopen',
  // These change nothing.
  'list',
  'watch',
  'look',
] as const;

export interface Command {
  readonly kind: (typeof commandKinds)[number];
  /** Which wish, account or item it is about, modulo their number. */
  readonly target: number;
  /** Tells two requests of one kind about one target apart. */
  readonly variant: 0 | 1;
  /** Sends another message under the request id. */
  readonly isAltered: boolean;
  /** Sends it as the other caller. */
  readonly isStranger: boolean;
  readonly atMs: number;
  /** Callers that ask for the same at the same time, with the same id. */
  readonly copies: number;
  readonly budgetMs: number;
  /** Tries before a copy gives up; it is asked again at the end. */
  readonly tries: number;
}

export type Incident =
  | {
      readonly kind: 'crash' | 'pause';
      readonly machine: number;
      readonly atMs: number;
      readonly durationMs: number;
    }
  | { readonly kind: 'jump'; readonly machine: number; readonly atMs: number; readonly byMs: number }
  | {
      readonly kind: 'database away';
      readonly service: number;
      readonly atMs: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'cut';
      /** An order process that does not reach …, or a payment process that does not reach the card provider. */
      readonly machine: number;
      /** … inventory (0) or payment (1). */
      readonly service: number;
      readonly atMs: number;
      readonly durationMs: number;
    }
  /** The provider answers nobody. Or everything is down: after hours nobody may trust the provider's memory any more. */
  | { readonly kind: 'provider away' | 'all dark'; readonly atMs: number; readonly durationMs: number };

export interface Plan {
  readonly luck: number;
  readonly weather: Weather;
  readonly streamCount: number;
  readonly orderDeadlineMs: number;
  readonly attentionAfterMs: number;
  readonly cacheSize: number;
  /** Absent: as a service with usual settings and a provider that never stores a 500. */
  readonly cards?: CardSettings;
  readonly items: readonly { readonly onHand: number; readonly price: number }[];
  readonly accounts: readonly { readonly opening: number }[];
  readonly wishes: readonly Wish[];
  readonly commands: readonly Command[];
  readonly incidents: readonly Incident[];
}

/** A clock that was set wrong by hand. Longer than any patience in the services. */
export const jumpMsMax = 1_200_000;

/** Commands and incidents begin within this; then the weather is calm. */
export const stormMs = 20_000;
