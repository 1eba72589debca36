// How a figure's numbers are said.

import type { Goal, Unit } from '../figure.ts';

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1,234/s`, `12.3 ms`, `83 %`, `4.2 ×`, `1.25 ×`, `0.41`, `123 MB`, `12 B` */
export function sayValue(value: number, unit: Unit): string {
  switch (unit) {
    case 'a second':
      return `${grouped.format(value)}/s`;
    case 'ms':
      return `${value >= 100 ? value.toFixed(0) : value.toFixed(1)} ms`;
    case 'share':
      return `${(value * 100).toFixed(0)} %`;
    case 'times':
      return `${value.toFixed(value < 2 ? 2 : 1)} ×`;
    case 'count':
      return Number.isInteger(value) ? String(value) : value.toFixed(2);
    case 'bytes':
      return `${grouped.format(value / 1e6)} MB`;
    case 'bytes an order':
      return `${value.toFixed(0)} B`;
  }
}

const goalWords = { 'at least': '≥', 'at most': '≤', below: '<' } as const;

export function sayGoal({ kind, value }: Goal, unit: Unit): string {
  return `${goalWords[kind]} ${sayValue(value, unit)}`;
}

/** `+12 %`, `−3 %` */
export function sayChange(part: number): string {
  const percent = Math.abs(part * 100);
  return `${part < 0 ? '−' : '+'}${percent >= 10 ? percent.toFixed(0) : percent.toFixed(1)} %`;
}
