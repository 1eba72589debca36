// The plan of a storm: request number n, with all that will be done to it, as a function of the seed. Pure. Nothing is
// stored: asking all of them again at the end computes the plan once more.

import { numberedRequestId } from '../request-ids.ts';
import { type Draws, drawsAt } from './draws.ts';
import type { Goods } from './goods.ts';

/** What is asked. Money is in minor units of the storm's one currency. */
export type Asked =
  | {
      readonly rpc: 'PlaceOrder';
      readonly payer: Payer;
      readonly lines: readonly Line[];
      readonly totalMax?: bigint;
    }
  | { readonly rpc: 'Withdraw' | 'Deposit'; readonly account: string; readonly amount: bigint }
  | { readonly rpc: 'AdjustStock'; readonly sku: string; readonly delta: number }
  | { readonly rpc: 'GetAccount'; readonly account: string }
  | { readonly rpc: 'GetItem'; readonly sku: string };

/** An account of the payment service, or a card, by the provider's name of it. */
export type Payer = { readonly account: string } | { readonly card: string };

export interface Line {
  readonly sku: string;
  readonly quantity: number;
}

/** How an answer comes back: at all, as a reset, never, or with its whole connection cut. */
export const paths = ['direct', 'reset', 'silent', 'cut'] as const;
export type Path = (typeof paths)[number];

/** One call, before it is made. */
export interface Send {
  readonly path: Path;
  /** Which of the service's processes: a fraction, since their number is the suite's matter. */
  readonly instance: number;
  readonly timeoutMs: number;
  /** Who ends it when the time is up: the server, which was told, or only the client, which resets its stream. */
  readonly timedBy: 'server' | 'client';
}

export interface PlannedSend extends Send {
  readonly asked: Asked;
  /** After the first send. */
  readonly delayMs: number;
}

export interface PlannedRequest {
  readonly number: number;
  readonly requestId: string;
  /** Which of the callers; all of them use the same request ids, with other requests. */
  readonly caller: number;
  readonly asked: Asked;
  readonly sends: readonly [PlannedSend, ...PlannedSend[]];
  /** The message that some of its duplicates carry instead. */
  readonly mismatch: Asked | undefined;
  /** The order is cancelled this long after it was first sent, whatever has become of it by then. */
  readonly cancelAfterMs: number | undefined;
  /** Whether the order is read at another process as soon as it was acknowledged. */
  readonly readsBack: boolean;
  /** Whether the other caller tries to read it. */
  readonly isPeekedAt: boolean;
  /** Its caller retries as fast as it likes, also when a server asks it to come back later. */
  readonly isHasty: boolean;
}

/** Which faults, and how many. Shares are of calls, 0 to 1. */
export interface Mix {
  readonly duplicates: number;
  readonly burst: number;
  readonly lateMsMax: number;
  readonly dropped: number;
  readonly impatient: number;
  readonly mismatched: number;
  readonly cancelled: number;
  /** Of the orders, those that are paid by card. */
  readonly byCard: number;
}

export interface PlanOptions {
  readonly seed: number;
  readonly run: string;
  readonly callerCount: number;
  readonly goods: Goods;
  readonly mix: Mix;
}

/** A healthy answer takes milliseconds; a paused process none. Waiting longer would only keep a lane idle. */
const patientMs = 2_000;
/** What is never answered is noticed by this timer alone. */
const silentMs = { min: 150, max: 600 };
/** About as long as an order takes: some of these are answered, some are not. */
const impatientMs = { min: 5, max: 60 };
/** Duplicates of one burst arrive within this, most of them while the first one runs. */
const burstMsMax = 30;
/** Of the duplicates of a request. */
const lateShare = 0.2;
const lateMsMin = 500;
/** There is one such client in every company. */
const hastyShare = 0.15;

export function planRequest(options: PlanOptions, number: number): PlannedRequest {
  const { seed, run, callerCount, mix } = options;
  const draws = drawsAt(seed, 'request', number);
  const asked = drawAsked(draws, options);
  const isRead = asked.rpc === 'GetAccount' || asked.rpc === 'GetItem';
  const isOrder = asked.rpc === 'PlaceOrder';
  const mismatch = !isRead && draws.chance(mix.mismatched) ? otherThan(asked) : undefined;
  const duplicateCount = isRead ? 0 : drawDuplicateCount(draws, mix, mismatch !== undefined);
  const duplicates = Array.from(
    { length: duplicateCount },
    (): PlannedSend => ({
      ...drawSend(draws, mix),
      asked: mismatch && draws.chance(0.6) ? mismatch : asked,
      delayMs: draws.chance(lateShare) ? draws.whole(lateMsMin, mix.lateMsMax) : draws.whole(0, burstMsMax),
    }),
  );
  return {
    number,
    requestId: requestIdOf(run, Math.floor(number / callerCount)),
    caller: number % callerCount,
    asked,
    sends: [{ ...drawSend(draws, mix), asked, delayMs: 0 }, ...duplicates],
    mismatch,
    cancelAfterMs: isOrder && draws.chance(mix.cancelled) ? draws.whole(0, 80) : undefined,
    readsBack: isOrder && draws.chance(0.15),
    isPeekedAt: isOrder && callerCount > 1 && draws.chance(0.05),
    isHasty: draws.chance(hastyShare),
  };
}

/** Most callers take the advice and send UUIDs that sort by time; one in so many has names of its own. */
const ownNameEvery = 4;

function requestIdOf(run: string, number: number): string {
  if (number % ownNameEvery === 0) return `${run}:${String(number).padStart(7, '0')}`;
  return numberedRequestId(run, number);
}

/** Attempt `attempt` of a request whose sends all ended without an answer. */
export function planRetry({ seed, mix }: PlanOptions, number: number, what: string, attempt: number): Send {
  return drawSend(drawsAt(seed, 'retry', number, what, attempt), mix);
}

/** As many that, of all calls, `mix.duplicates` are duplicates: a few requests have many, most have none. */
function drawDuplicateCount(draws: Draws, mix: Mix, atLeastOne: boolean): number {
  const share = Math.min(mix.duplicates, 0.95);
  const perRequest = share / (1 - share);
  const meanBurst = (mix.burst + 1) / 2;
  // With a share that such bursts cannot reach, every request has one and they grow.
  const burst = perRequest > meanBurst ? Math.ceil(2 * perRequest) : mix.burst;
  const count = draws.chance(perRequest / ((burst + 1) / 2)) ? draws.whole(1, burst) : 0;
  return atLeastOne ? Math.max(1, count) : count;
}

function drawSend(draws: Draws, mix: Mix): Send {
  const instance = draws.fraction();
  const path = draws.chance(mix.dropped)
    ? draws.pick<Path>(['reset', 'reset', 'reset', 'silent', 'cut'])
    : 'direct';
  if (path === 'silent') {
    return { path, instance, timeoutMs: draws.whole(silentMs.min, silentMs.max), timedBy: 'client' };
  }
  if (draws.chance(mix.impatient)) {
    const timeoutMs = draws.whole(impatientMs.min, impatientMs.max);
    return { path, instance, timeoutMs, timedBy: draws.pick(['server', 'client']) };
  }
  return { path, instance, timeoutMs: patientMs, timedBy: 'server' };
}

function drawAsked(draws: Draws, options: PlanOptions): Asked {
  const { goods } = options;
  const kind = draws.fraction();
  if (kind < 0.7) return drawOrder(draws, options);
  const { counters } = goods;
  const amount = BigInt(draws.whole(1, 90));
  if (kind < 0.77) return { rpc: 'Withdraw', account: counters.withdrawn.accountId, amount };
  if (kind < 0.8) return { rpc: 'Withdraw', account: counters.purse.accountId, amount };
  if (kind < 0.84) return { rpc: 'Deposit', account: counters.deposited.accountId, amount };
  if (kind < 0.88) return { rpc: 'AdjustStock', sku: counters.deducted.sku, delta: -draws.whole(1, 9) };
  if (kind < 0.91) return { rpc: 'AdjustStock', sku: counters.received.sku, delta: draws.whole(1, 9) };
  if (kind < 0.93)
    return { rpc: 'AdjustStock', sku: draws.pick(goods.scarce).sku, delta: draws.whole(1, 15) };
  if (kind < 0.95) {
    return {
      rpc: 'Deposit',
      account: draws.pick(goods.poor).accountId,
      amount: BigInt(draws.whole(300, 3000)),
    };
  }
  if (kind < 0.98) {
    const read = [counters.withdrawn, counters.deposited, counters.purse] as const;
    return { rpc: 'GetAccount', account: draws.pick(read).accountId };
  }
  return { rpc: 'GetItem', sku: draws.pick([counters.deducted, counters.received]).sku };
}

function drawOrder(draws: Draws, { goods, mix }: PlanOptions): Asked {
  const lineCount = draws.whole(1, 3);
  const skus = new Set<string>();
  for (let line = 0; line < lineCount; line += 1) {
    const kind = draws.fraction();
    if (kind < 0.3) skus.add(goods.hot.sku);
    else skus.add(draws.pick(kind < 0.42 ? goods.scarce : goods.plain).sku);
  }
  const account = draws.pick(draws.chance(0.12) ? goods.poor : goods.rich).accountId;
  return {
    rpc: 'PlaceOrder',
    lines: [...skus].map((sku) => ({ sku, quantity: draws.whole(1, 4) })),
    // Too little for any order: a refusal between the hold and the charge.
    ...(draws.chance(0.03) ? { totalMax: 50n } : {}),
    // Drawn last: the same seed without cards asks the same.
    payer: mix.byCard > 0 && draws.chance(mix.byCard) ? { card: drawCard(draws) } : { account },
  };
}

/** Those that are charged, and those that the bank declines. What else goes wrong is the provider's misbehaviour. */
const goodCards = ['pm_card_visa', 'pm_card_mastercard'] as const;
const declinedCards = [
  'pm_card_chargeDeclined',
  'pm_card_visa_chargeDeclinedInsufficientFunds',
  'pm_card_chargeDeclinedExpiredCard',
  'pm_card_authenticationRequired',
] as const;
const declinedShare = 0.1;

function drawCard(draws: Draws): string {
  return draws.chance(declinedShare) ? draws.pick(declinedCards) : draws.pick(goodCards);
}

/** The same request with another number in it. */
function otherThan(asked: Asked): Asked {
  switch (asked.rpc) {
    case 'PlaceOrder':
      return { ...asked, lines: asked.lines.map((line) => ({ ...line, quantity: line.quantity + 5 })) };
    case 'Withdraw':
    case 'Deposit':
      return { ...asked, amount: asked.amount + 1_000n };
    case 'AdjustStock':
      return { ...asked, delta: asked.delta + Math.sign(asked.delta) * 20 };
    default:
      return asked;
  }
}
