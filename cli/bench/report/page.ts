// The report as one page that can be mailed and opened years later: its style and its charts are inside, and nothing else is needed.

import { readFile, writeFile } from 'node:fs/promises';
import { sayChange, sayGoal, sayValue } from '../screen/words.ts';
import { notInRun } from '../verdict.ts';
import { cpuChart, escaped, latencyChart, processColors, stripOf } from './charts.ts';
import type { BenchReport, ReportedFigure } from './report.ts';

export async function writePage(file: string, report: BenchReport): Promise<void> {
  const styles = await Promise.all(
    ['../../storm/report/page.css', './page.css'].map((name) =>
      readFile(new URL(name, import.meta.url), 'utf8'),
    ),
  );
  await writeFile(file, pageOf(report, styles.join('\n')));
}

export function pageOf(report: BenchReport, style: string): string {
  const sections = [
    section(
      'Figures',
      'Each dot is a round, the dashed line is the goal. The verdict is by the median.',
      figureTable(report),
    ),
    report.compared.length > 0
      ? section(
          'Since the run before',
          'Beyond the noise is what lies between the nearest two rounds of the two runs.',
          comparedTable(report),
        )
      : '',
    section(
      'Where the CPU went',
      'Milliseconds of CPU time that each process used for one order.',
      `<div class="chart">${cpuChart(report)}</div>${legend()}`,
    ),
    section(
      'How long one waited',
      'p50, p90, p99 and p99.9 of what each measurement waited for, on a logarithmic scale.',
      `<div class="chart">${latencyChart(report)}</div>`,
    ),
  ];
  const { machine, options } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>twicesafe bench</title>
<style>${style}</style>
</head>
<body>
<main>
<header>
<p class="kicker">twicesafe bench</p>
<h1 class="${report.exitCode === 0 ? 'good' : 'warn'}">${escaped(conclusionOf(report.figures))}</h1>
<p class="lede">${options.rounds} rounds on ${machine.cores} cores (${escaped(machine.cpu)}), everything on one machine: database, three services, and the load.</p>
</header>
${sections.join('\n')}
<footer>Started ${escaped(report.startedAt)}, commit ${escaped(report.commit)}, database ${escaped(report.database)}, Node ${escaped(machine.node)}, load before ${machine.loadBefore.toFixed(2)}. Again: <code>${escaped(report.command)}</code></footer>
</main>
</body>
</html>
`;
}

/** `12 goals reached, 3 missed, 2 not measured` */
export function conclusionOf(figures: readonly Pick<ReportedFigure, 'verdict'>[]): string {
  const count = (verdict: string) => figures.filter((figure) => figure.verdict === verdict).length;
  return `${count('reached')} goals reached, ${count('missed')} missed, ${count('not measured')} not measured`;
}

function section(title: string, says: string, inside: string): string {
  return `<section><h2>${title}</h2><p>${says}</p>${inside}</section>`;
}

function figureTable({ figures }: BenchReport): string {
  const inRun = figures.filter(({ why }) => why !== notInRun);
  const rows = inRun.map((figure) => {
    const { says, goal, unit, median, verdict, why } = figure;
    const word = verdict === 'shown' ? '' : verdict;
    return row([
      [escaped(says), ''],
      [goal ? escaped(sayGoal(goal, unit)) : '', 'number'],
      [median === undefined ? '' : sayValue(median, unit), 'number'],
      [stripOf(figure), ''],
      [escaped(why && word ? `${word}: ${why}` : word), verdict.split(' ')[0] ?? ''],
    ]);
  });
  return `<table>${head(['Figure', 'Goal', 'Median', 'Rounds', ''])}${rows.join('')}</table>`;
}

function comparedTable({ compared }: BenchReport): string {
  const rows = compared.map(({ says, unit, before, now, moved, change, beyondNoise }) =>
    row([
      [escaped(says), ''],
      [sayValue(before.median, unit), 'number'],
      [sayValue(now.median, unit), 'number'],
      [sayChange(moved), 'number'],
      [
        beyondNoise === 0 ? change : `${change}, ${sayChange(beyondNoise)} beyond the noise`,
        change === 'better' ? 'reached' : change === 'worse' ? 'missed' : 'soft',
      ],
    ]),
  );
  return `<table>${head(['Figure', 'Before', 'Now', 'Median', ''])}${rows.join('')}</table>`;
}

function legend(): string {
  const entries = Object.entries(processColors).map(
    ([name, color]) => `<span><i style="background:${color}"></i>${name}</span>`,
  );
  return `<div class="legend">${entries.join('')}</div>`;
}

function head(names: readonly string[]): string {
  return `<tr>${names.map((name) => `<th>${name}</th>`).join('')}</tr>`;
}

/** The cells are safe already. */
function row(cells: readonly (readonly [html: string, className: string])[]): string {
  return `<tr>${cells.map(([html, className]) => `<td class="${className}">${html}</td>`).join('')}</tr>`;
}
