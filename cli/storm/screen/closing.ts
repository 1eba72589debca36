// The closing screen: what was done to the services, the four counts, and the verdicts. Everything that it says is also in
// report.json.

import { bold, dim, green, red, yellow } from '../../console.ts';
import { wrongs } from '../laws/law.ts';
import type { CardsPart } from '../report/cards-part.ts';
import type { StormReport } from '../report/report.ts';
import type { VerdictLine } from '../verdict.ts';
import { cardLines, misbehavedLines } from './cards.ts';
import { sayCount, sayMs, saySeconds, sayShare, tally } from './words.ts';

/** Findings shown: the first ones say what is wrong, and the report has them all. */
const shownFindingsMax = 5;

const meaning = {
  'charged twice': 'money taken more often than an answer says',
  'sold twice': 'units sold that were not there, or more than were ordered',
  lost: 'acknowledged, and gone',
  lied: 'two answers for one id, a refusal with an effect, or another’s answer',
} as const;

const paint = { holds: green, broken: red, 'cannot tell': yellow, 'not examined': dim };

export function closingScreen(report: StormReport): string {
  return [
    '',
    bold(`twicesafe storm, ${saySeconds(report.load.durationMs)}, seed ${report.seed}`),
    '',
    ...didLines(report),
    '',
    ...wrongs.map((wrong) => countLine(wrong, report.verdict.counts[wrong])),
    '',
    ...(report.cards ? [...cardLines(report.cards), ''] : []),
    ...report.verdict.lines.map(verdictLine),
    ...report.verdict.goals.map(({ goal, wanted, found, met }) => {
      const word = met ? green('met'.padEnd(14)) : red('missed'.padEnd(14));
      return `  ${goal.padEnd(9)}${word}${found}, wanted ${wanted}`;
    }),
    ...findingLines(report),
    '',
    `  ${conclusion(report)}`,
    '',
    `  report   ${report.files.html}`,
    `  history  ${report.files.history}  ${dim(`${sayCount(report.history.lineCount)} lines, one for each call`)}`,
    `  again    ${report.command}`,
    '',
  ].join('\n');
}

function didLines(report: StormReport): string[] {
  const { counts, lostCount, answersMade, latency, ceilingPerSecond, excessShare } = report.load;
  const line = (name: string, value: string, more = '') =>
    `  ${name.padEnd(18)}${bold(value)}${more ? `  ${dim(more)}` : ''}`;
  const struck = (kind: 'kill' | 'pause') =>
    tally(report.struck.flatMap((blow) => (blow.kind === kind ? blow.target : [])))
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  return [
    line(
      'orders asked',
      sayCount(counts.orders),
      `and ${sayCount(counts.requests - counts.orders)} deposits, withdrawals, stock adjustments and reads; ${sayCount(counts.cancels)} orders cancelled while they were placed`,
    ),
    line(
      'calls made',
      sayCount(counts.calls),
      `${sayShare(counts.duplicates, counts.calls)} were duplicates; ${sayCount(counts.replays)} answers were replays`,
    ),
    line(
      'answers dropped',
      sayCount(lostCount),
      `${sayShare(lostCount, answersMade)} of all answers: made, recorded, and lost on the way`,
    ),
    ...(report.cards ? providerLines(report.cards, line) : []),
    line('killed', struck('kill') || 'nobody', 'kill -9, each time in the middle of work'),
    line(
      'frozen',
      struck('pause') || 'nobody',
      struck('pause') ? 'order processes beyond the deadline of their orders' : '',
    ),
    line(
      'latency',
      `p50 ${sayMs(latency.p50Ms)}, p95 ${sayMs(latency.p95Ms)}, p99 ${sayMs(latency.p99Ms)}`,
      'from asking to a definite answer, outages and retries included',
    ),
    ...(excessShare === undefined
      ? []
      : [
          line(
            'excess',
            `${sayShare(excessShare, 1)} of the ceiling`,
            `${sayCount(ceilingPerSecond)} answers a second; three times that was asked, and the load took a part of the machine`,
          ),
        ]),
    line(
      'left',
      sayCount(report.settle.left),
      'requests whose callers gave up, most of them refused in the excess; each was asked again until it had an answer',
    ),
    line('checked again', sayCount(report.rechecked), 'every request was asked once more when all was over'),
  ];
}

function providerLines(
  cards: CardsPart,
  line: (name: string, value: string, more: string) => string,
): string[] {
  const { value, more, kinds } = misbehavedLines(cards);
  return [line('provider failed', value, more), ...kinds.map((kind) => `${' '.repeat(20)}${dim(kind)}`)];
}

function countLine(wrong: keyof typeof meaning, count: number): string {
  const label = `  ${`${wrong}:`.padEnd(16)}`;
  const value = String(count).padStart(4);
  return `${bold(label)}${count === 0 ? bold(green(value)) : bold(red(value))}   ${dim(meaning[wrong])}`;
}

function verdictLine({ invariant, says, verdict, checkedCount, reason }: VerdictLine): string {
  const more = reason || `${sayCount(checkedCount)} checked`;
  return `  ${invariant.padEnd(9)}${paint[verdict](verdict.padEnd(14))}${says}  ${dim(more)}`;
}

function findingLines({ verdict: { findings } }: StormReport): string[] {
  if (findings.length === 0) return [];
  return [
    '',
    ...findings
      .slice(0, shownFindingsMax)
      .map(({ invariant, where, says, foundBy }) => red(`  ${invariant} ${where}: ${says} (${foundBy})`)),
    ...(findings.length > shownFindingsMax
      ? [red(`  and ${sayCount(findings.length - shownFindingsMax)} findings more in the report`)]
      : []),
  ];
}

function conclusion({ verdict }: StormReport): string {
  switch (verdict.exitCode) {
    case 0:
      return bold(green('Nothing was charged twice, sold twice, lost or lied about.'));
    case 1:
      return bold(yellow('Every invariant holds, but a goal was missed.'));
    case 2:
      return bold(red('An invariant is broken.'));
    case 3:
      return bold(yellow('Nothing broken was found, but not everything could be judged.'));
  }
}
