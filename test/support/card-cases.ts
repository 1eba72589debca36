// What a provider can do to a card payment, and the ways to meet it: the rows of the table of misbehaviours, and a caller
// who does not give up.

import { type Misbehaviour, misbehaviours } from '../../provider-simulator/misbehaviour.ts';
import { type WebhookHabit, webhookHabits } from '../../provider-simulator/webhooks.ts';
import { type CardWorld, type CardWorldOptions, createCardWorld, told } from './card-world.ts';
import { settled } from './held-clock.ts';

export interface ProviderCase {
  readonly name: string;
  /** What it does to the requests that meet it, one after the other. */
  readonly faults: readonly Misbehaviour[];
  readonly card: string;
  readonly webhooks: WebhookHabit | 'cycle';
  /** What a charge that meets it comes to: CAPTURED, or PAYMENT_DECLINED with this code. */
  readonly ends: 'captured' | { readonly declined: string };
  /** Of a refund that meets it. */
  readonly refundEnds: 'refunded' | 'never_made';
}

const usual = { card: 'pm_card_visa', webhooks: 'never', ends: 'captured', refundEnds: 'refunded' } as const;
/** It answers 500, did nothing, and gives that answer until it has forgotten the key: nobody can know earlier. */
const neverTaken = { ends: { declined: 'never_taken' }, refundEnds: 'never_made' } as const;

export const providerCases: readonly ProviderCase[] = [
  { ...usual, name: 'behaves', faults: [] },
  {
    ...usual,
    name: 'declines',
    faults: [],
    card: 'pm_card_chargeDeclined',
    ends: { declined: 'generic_decline' },
  },
  ...misbehaviours.map((kind) => ({
    ...usual,
    ...(kind === 'error_before' ? neverTaken : {}),
    name: kind,
    faults: [kind],
  })),
  { ...usual, name: 'is down for a while', faults: Array<Misbehaviour>(12).fill('down') },
  // With an answer that is lost, so that there is something to be told of.
  ...[...webhookHabits, 'cycle' as const].map((habit) => ({
    ...usual,
    name: `loses the answer, webhooks ${habit}`,
    faults: ['drop_after' as const],
    webhooks: habit,
  })),
];

const hourMs = 3_600_000;
/** Hours: some more than the provider remembers a key, and then as many again. */
const turnsMax = 60;
const ticksMax = 200;

type Call = (process: ReturnType<CardWorld['startProcess']>) => Parameters<typeof told>[0];

/** As a caller does who wants to know: the same request, for days, at a new process after each that died. */
export async function insist(world: CardWorld, call: Call): Promise<string> {
  let process = world.startProcess();
  for (let turn = 0; turn < turnsMax; turn += 1) {
    const answer = await told(call(process));
    if (answer === 'died') process = world.startProcess();
    else if (!answer.startsWith('unknown')) return answer;
    else await world.clock.sleep(hourMs);
  }
  throw new Error(`no definite answer in ${turnsMax} turns`);
}

/** The same request at one process, until that one dies where the world's trap is. */
export async function untilDead(world: CardWorld, call: Call): Promise<void> {
  const process = world.startProcess();
  for (let turn = 0; turn < turnsMax; turn += 1) {
    const answer = await told(call(process));
    if (answer === 'died') return;
    if (!answer.startsWith('unknown')) throw new Error(`it lives, and answers ${answer}`);
    await world.clock.sleep(hourMs);
  }
  throw new Error(`it lives after ${turnsMax} turns`);
}

/** Until somebody sleeps where the world's trap is. */
export async function untilAsleep(world: CardWorld): Promise<void> {
  for (let tick = 0; tick < ticksMax; tick += 1) {
    if (world.sleeperCount() > 0) return;
    await settled();
  }
  throw new Error('nobody fell asleep');
}

/** A world in which the provider does this after `before`. */
export function worldOf(
  { faults, webhooks }: ProviderCase,
  more: Pick<CardWorldOptions, 'traps' | 'misbehavesAt'> & {
    before?: readonly (Misbehaviour | undefined)[];
  } = {},
): CardWorld {
  const { before = [], misbehavesAt = 'asks', traps = {} } = more;
  return createCardWorld({ misbehaviours: [...before, ...faults], webhooks, misbehavesAt, traps });
}
