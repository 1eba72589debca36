// How numbers and durations are said, on the screen and in the plain lines.

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 12,345 */
export function sayCount(count: number): string {
  return grouped.format(count);
}

/** 0.8 ms, 23 ms, 1.3 s */
export function sayMs(ms: number): string {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(1)} s`;
  return ms >= 10 || ms === 0 ? `${Math.round(ms)} ms` : `${ms.toFixed(1)} ms`;
}

/** 45 s, 9 min 30 s */
export function saySeconds(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${seconds % 60 === 0 ? '' : `${seconds % 60} s`}`.trim();
}

/** 44 % */
export function sayShare(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${Math.round((100 * part) / whole)} %`;
}

/** 12,345.60 EUR, from minor units as a decimal string: exact, however many. */
export function sayMoney(minorUnits: string, currency: string): string {
  const value = BigInt(minorUnits);
  const whole = (value < 0n ? -value : value) / 100n;
  const rest = String((value < 0n ? -value : value) % 100n).padStart(2, '0');
  return `${value < 0n ? '-' : ''}${whole.toLocaleString('en-US')}.${rest} ${currency}`;
}

/** What the card provider did instead of answering, in the order of telling. */
export const misbehaviourWords: Readonly<Record<string, string>> = {
  drop_after: 'did it, lost the answer',
  error_after: 'did it, answered 500',
  arrives_late: 'did it too late',
  late: 'answered too late',
  twice: 'answered twice',
  drop_before: 'lost the request',
  error_before: 'did nothing, answered 500',
  rate_limited: 'answered 429',
  down: 'was down',
};

/** `order killed 3 times and paused once` is for reports; this is `order ×3`. */
export function tally(names: readonly string[]): [name: string, count: number][] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort(([one], [other]) => (one < other ? -1 : 1));
}

const bars = '▁▂▃▄▅▆▇█';

/** The last values as a line of bars, the highest of them full. */
export function sparkline(values: readonly number[], length: number): string {
  const last = values.slice(-length);
  const highest = Math.max(1, ...last);
  return last.map((value) => bars[Math.round((value / highest) * (bars.length - 1))] ?? ' ').join('');
}

export function progressBar(fraction: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}
