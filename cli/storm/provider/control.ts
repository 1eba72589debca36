// The simulated card provider as a storm sees it, past all services: its books, how it has behaved, and the order to behave.

import type { Tally } from '../../../provider-simulator/tally.ts';

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
  /** From this moment on it does as it should. */
  heal(): Promise<void>;
  books(): Promise<BookedPayment[]>;
  behaved(): Behaved;
  stop(): void;
}

/** A kill loses what was counted since the last look. */
const lookEveryMs = 200;
/** It answers in milliseconds; one that is frozen does not. */
const answerMsMax = 2_000;
/** Thousands of payments are some megabytes. */
const booksMsMax = 60_000;

/** Looks at it from now on until `stop`. Rejects when a provider that should misbehave cannot be told so. */
export async function controlProvider(options: {
  readonly address: string;
  /** Undefined: it was started so, and is in every life. */
  readonly faults: { readonly rate: number; readonly seed: number } | undefined;
}): Promise<ProviderControl> {
  const { address, faults } = options;
  const lives = new Map<string, Tally>();

  async function order(path: string, body: object): Promise<void> {
    const url = `${address}/admin/${path}`;
    const init = { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(answerMsMax) };
    const response = await fetch(url, init).catch((error: Error) => ({
      ok: false,
      statusText: error.message,
    }));
    if (!response.ok)
      throw new Error(`The card provider at ${address} takes no orders: ${response.statusText}.`);
  }

  async function read(path: string, patienceMs: number): Promise<unknown> {
    const response = await fetch(`${address}/admin/${path}`, { signal: AbortSignal.timeout(patienceMs) });
    if (!response.ok) throw new Error(`The card provider at ${address} does not show its ${path}.`);
    return response.json();
  }

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
      await look();
      await order('rate', { rate: 0 });
      await order('webhooks', { habit: 'usual' });
      clearInterval(looking);
    },
    async books() {
      const { payments } = (await read('books', booksMsMax)) as { payments: BookedPayment[] };
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
