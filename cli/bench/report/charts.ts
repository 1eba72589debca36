// The page's charts as SVG, drawn here: the page needs no script, and looks the same for ever. Pure.

import { summaryOf } from '../statistics.ts';
import type { BenchReport, ReportedFigure } from './report.ts';

/** Text only: what a service or a command line said must not become part of the page. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const strip = { width: 260, height: 26, margin: 8 };

/** The rounds as dots on a line, and the goal as a mark across it. */
export function stripOf({ values, goal }: ReportedFigure): string {
  if (values.length === 0) return '';
  const shown = goal ? [...values, goal.value] : values;
  const [low, high] = [Math.min(...shown), Math.max(...shown)];
  const width = strip.width - 2 * strip.margin;
  const x = (value: number) =>
    strip.margin + (high === low ? width / 2 : ((value - low) / (high - low)) * width);
  const middle = strip.height / 2;
  const dots = values.map((value) => `<circle class="round" cx="${at(x(value))}" cy="${middle}" r="5"/>`);
  const mark = goal
    ? `<line class="goal" x1="${at(x(goal.value))}" x2="${at(x(goal.value))}" y1="2" y2="${strip.height - 2}"/>`
    : '';
  return svg('strip', strip.width, strip.height, [
    `<line class="axis" x1="0" x2="${strip.width}" y1="${middle}" y2="${middle}"/>`,
    mark,
    ...dots,
  ]);
}

export const processColors: Readonly<Record<string, string>> = {
  order: 'var(--blue)',
  inventory: 'var(--violet)',
  payment: 'var(--good)',
  database: 'var(--orange)',
  load: 'var(--soft)',
  bare: 'var(--bad)',
};

const bars = { width: 1_000, row: 30, bar: 18, name: 130, value: 90 };

/** CPU time of each process for one order, the median of the rounds, for the measurements that place orders. */
export function cpuChart({ rounds }: BenchReport): string {
  const rows = ['alone', 'closed-32', 'closed-128', 'hot-128', 'bare-32', 'bare-128'].flatMap((name) => {
    const parts = Object.keys(processColors).flatMap((process) => {
      const values = rounds.flatMap((round) => round[name]?.usage[process]?.cpuMsPerCount ?? []);
      const summary = summaryOf(values);
      return summary && summary.median > 0 ? [{ process, ms: summary.median }] : [];
    });
    return parts.length === 0 ? [] : [{ name, parts, ms: parts.reduce((sum, { ms }) => sum + ms, 0) }];
  });
  const longest = Math.max(...rows.map(({ ms }) => ms));
  if (rows.length === 0) return '';
  const width = bars.width - bars.name - bars.value;
  const drawn = rows.map(({ name, parts, ms }, index) => {
    const y = index * bars.row;
    let x = bars.name;
    const boxes = parts.map((part) => {
      const long = (part.ms / longest) * width;
      const box = `<rect x="${at(x)}" y="${y + 4}" width="${at(long)}" height="${bars.bar}" fill="${processColors[part.process]}"><title>${part.process}: ${part.ms.toFixed(3)} ms</title></rect>`;
      x += long;
      return box;
    });
    return [
      `<text class="name" x="0" y="${y + 18}">${escaped(name)}</text>`,
      ...boxes,
      `<text x="${at(x + 8)}" y="${y + 18}">${ms.toFixed(2)} ms</text>`,
    ].join('');
  });
  return svg('bars', bars.width, rows.length * bars.row, drawn);
}

const waits = { width: 1_000, row: 34, name: 130, right: 40, axis: 24 };
const percentiles = [
  ['p50', 'p50Ms'],
  ['p90', 'p90Ms'],
  ['p99', 'p99Ms'],
  ['p99.9', 'p999Ms'],
] as const;

/** Percentiles on a logarithmic scale, the median of the rounds. */
export function latencyChart({ rounds, options }: BenchReport): string {
  const rows = options.measured.flatMap((name) => {
    const points = percentiles.flatMap(([label, key]) => {
      const summary = summaryOf(rounds.flatMap((round) => round[name]?.latency?.[key] ?? []));
      return summary ? [{ label, ms: summary.median }] : [];
    });
    return points.length === 0 ? [] : [{ name, points }];
  });
  const all = rows.flatMap(({ points }) => points.map(({ ms }) => ms));
  if (all.length === 0) return '';
  const [from, to] = [Math.floor(Math.log10(Math.min(...all))), Math.ceil(Math.log10(Math.max(...all)))];
  const width = waits.width - waits.name - waits.right;
  const x = (ms: number) => waits.name + ((Math.log10(ms) - from) / Math.max(1, to - from)) * width;
  const height = rows.length * waits.row + waits.axis;
  const powers = Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index));
  const grid = powers.map(
    (ms) =>
      `<line class="axis" x1="${at(x(ms))}" x2="${at(x(ms))}" y1="0" y2="${height - waits.axis}"/><text x="${at(x(ms))}" y="${height - 6}" text-anchor="middle">${ms} ms</text>`,
  );
  const drawn = rows.map(({ name, points }, index) => {
    const y = index * waits.row + waits.row / 2;
    const first = x(points[0]?.ms ?? 1);
    const last = x(points.at(-1)?.ms ?? 1);
    return [
      `<text class="name" x="0" y="${y + 4}">${escaped(name)}</text>`,
      `<line x1="${at(first)}" x2="${at(last)}" y1="${y}" y2="${y}" stroke="var(--blue)" stroke-width="2"/>`,
      ...points.map(
        ({ label, ms }) =>
          `<circle cx="${at(x(ms))}" cy="${y}" r="4" fill="var(--blue)"><title>${label}: ${ms.toFixed(2)} ms</title></circle>`,
      ),
    ].join('');
  });
  return svg('waits', waits.width, height, [...grid, ...drawn]);
}

function svg(className: string, width: number, height: number, inside: readonly string[]): string {
  return `<svg class="${className}" viewBox="0 0 ${width} ${height}" xmlns="http://www.w3.org/2000/svg">${inside.join('')}</svg>`;
}

function at(position: number): string {
  return position.toFixed(1);
}
