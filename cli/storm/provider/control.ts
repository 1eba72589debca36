// The simulated card provider as a storm sees it, past all services: its books, how it has behaved, and the order to behave.

import type { Tally } from '../../../provider-simulator/tally.ts';
import { patienceMsMax, patiently } from '../patiently.ts';

/** One payment in the provider's books. Amounts are minor units. */
export interface BookedPayment {
  readonly id: string;
  readonly taken: number;
  /** `payment`: the payment service's name of it, `payment/<caller>/card.<order>`. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly refunds: readonly { readonly amount: number; readonly status: string }[];
}

/** Over all of its lives, but for the last moments before each kill: at least so many. */
export interface Behaved {
  readonly requestCount: number;
  readonly misbehaved: Readonly<Record<string, number>>;
}

export interface ProviderControl {
  /** From this moment on it does as it should. Asks until it answers, within `patienceMs`; so does `books`. */
  heal(): Promise<void>;
  books(): Promise<BookedPayment[]>;
  behaved(): Behaved;
  stop(): void;
}

/** A kill loses what was counted since the last look. */
const lookEveryMs = 200;
/** It answers in milliseconds; one that is frozen does not, and is asked again: an answer that is lost must not be waited for. */
const answerMsMax = 2_000;
/** Thousands of payments are some megabytes. */
const booksMsMax = 60_000;

/** Looks at it from now on until `stop`. Rejects when a provider that should misbehave cannot be told so. */
export async function controlProvider(options: {
  readonly address: string;
  /** Undefined: it was started so, and is in every life. */
  readonly faults: { readonly rate: number; readonly seed: number } | undefined;
  readonly patienceMs?: number;
}): Promise<ProviderControl> {
  const { address, faults, patienceMs = patienceMsMax } = options;
  const lives = new Map<string, Tally>();

  /** `complaint`: what it does not do, for the sentence that a storm ends with. */
  async function ask(path: string, init: RequestInit, complaint: string): Promise<unknown> {
    try {
      const response = await fetch(`${address}/admin/${path}`, init);
      if (!response.ok) throw new Error(`HTTP ${response.status}`);
      return await response.json();
    } catch (error) {
      const { message, cause } = error as Error;
      const why = cause instanceof Error ? cause.message : message;
      throw new Error(`The card provider at ${address} ${complaint}: ${why}.`, { cause: error });
    }
  }

  async function order(path: string, body: object): Promise<void> {
    const init = { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(answerMsMax) };
    await ask(path, init, 'takes no orders');
  }

  async function read(path: string, answerMs: number): Promise<unknown> {
    return ask(path, { signal: AbortSignal.timeout(answerMs) }, `does not show its ${path}`);
  }

  /** It is up by then, but may have woken up this moment, on a machine that has no time for it. */
  const insist = <T>(ask: () => Promise<T>) => patiently(ask, { patienceMs });

  async function look(): Promise<void> {
    const told = (await read('tally', answerMsMax)) as Tally;
    lives.set(told.life, told);
  }

  if (faults) {
    await order('rate', faults);
    await order('webhooks', { habit: faults.rate > 0 ? 'cycle' : 'usual' });
  }
  // One that is down cannot be looked at; what it counted before is known from the last look.
  const looking = setInterval(() => void look().catch(() => undefined), lookEveryMs);
  return {
    async heal() {
      await insist(look);
      await insist(() => order('rate', { rate: 0 }));
      await insist(() => order('webhooks', { habit: 'usual' }));
      clearInterval(looking);
    },
    async books() {
      const { payments } = (await insist(() => read('books', booksMsMax))) as { payments: BookedPayment[] };
      return payments;
    },
    behaved() {
      const misbehaved: Record<string, number> = {};
      let requestCount = 0;
      for (const life of lives.values()) {
        requestCount += life.requestCount;
        for (const [kind, count] of Object.entries(life.misbehaved))
          misbehaved[kind] = (misbehaved[kind] ?? 0) + count;
      }
      return { requestCount, misbehaved };
    },
    stop: () => clearInterval(looking),
  };
}
