// How the provider misbehaves, and when: for a test card, as often as somebody asked for, or at a rate from a seed. At a
// rate each kind has the same share. `down` can have its share in one piece: then the provider is down for a while.

export const misbehaviours = [
  /** The connection is lost before the request was looked at. */
  'drop_before',
  /** Does what was asked, and the connection is lost. */
  'drop_after',
  /** Does nothing, answers 500, and remembers that as the key's answer. */
  'error_before',
  /** Does what was asked, answers 500, and remembers that as the key's answer. */
  'error_after',
  /** Takes so long that the caller has given up, then answers. Another request with the key meanwhile gets 409. */
  'late',
  /** The request was on its way so long that the caller has given up; then it is done. */
  'arrives_late',
  /** 429; nothing is done or remembered. */
  'rate_limited',
  /** 503; nothing is done or remembered. */
  'down',
  /** The answer comes twice on the same connection. */
  'twice',
] as const;

export type Misbehaviour = (typeof misbehaviours)[number];

export interface Temper {
  /** What happens to a request with this path; undefined: nothing unusual. */
  next(path: string): Misbehaviour | undefined;
  /** The next `times` requests whose path contains `path` meet `kind`. Before anything by rate. */
  misbehave(kind: Misbehaviour, times: number, path: string): void;
  /** From now on this share of the requests misbehaves, the same ones for the same seed and order. */
  setRate(rate: number, seed: number): void;
}

export interface TemperOptions {
  readonly rate: number;
  readonly seed: number;
  /** How much earlier lives have recorded. Each life has other luck, and the same outages. */
  readonly livedCount: number;
  /** How long it is down each time; 0: for one request. */
  readonly downMs: number;
  nowMs(): number;
}

export function createTemper({ downMs, nowMs, ...initial }: TemperOptions): Temper {
  const ordered: { kind: Misbehaviour; path: string }[] = [];
  let rate: number;
  let fraction: () => number;
  let outageOffsetMs: number;

  function setRate(newRate: number, seed: number, livedCount = 0): void {
    rate = newRate;
    fraction = seededFraction(seed + livedCount);
    outageOffsetMs = seededFraction(seed)() * outageEveryMs();
  }

  /** From one outage to the next, so that the time that is down has the share of one kind. */
  const outageEveryMs = () => (downMs * misbehaviours.length) / rate;

  /** By the clock and the seed alone: a provider that is killed between two outages has the second one all the same. */
  const isDown = () => downMs > 0 && rate > 0 && (nowMs() + outageOffsetMs) % outageEveryMs() < downMs;

  setRate(initial.rate, initial.seed, initial.livedCount);
  return {
    setRate: (newRate, seed) => setRate(newRate, seed),
    next(path) {
      const index = ordered.findIndex((order) => path.includes(order.path));
      if (index >= 0) return ordered.splice(index, 1)[0]?.kind;
      if (isDown()) return 'down';
      if (fraction() >= rate) return undefined;
      const kind = misbehaviours[Math.floor(fraction() * misbehaviours.length)];
      return kind === 'down' && downMs > 0 ? undefined : kind;
    },
    misbehave(kind, times, path) {
      for (let count = 0; count < Math.min(times, orderedMax); count += 1) ordered.push({ kind, path });
    },
  };
}

/** More than any test orders; a typing mistake must not fill the memory. */
const orderedMax = 10_000;

/** Mulberry32: tiny, and good enough to choose who gets a bad answer. */
function seededFraction(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
