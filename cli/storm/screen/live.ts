// What a person sees while a storm runs: a small picture that is redrawn on a terminal, and a plain line every few seconds
// elsewhere. It reads the storm's state and changes nothing.

import type { createLogUpdate } from 'log-update';
import { bold, cyan, dim, green, red, yellow } from '../../console.ts';
import type { Struck } from '../faults/killer.ts';
import type { Counts } from '../load/messages.ts';
import type { Samples } from '../load/samples.ts';
import type { Behaved } from '../provider/control.ts';
import { progressBar, sayCount, sayMs, saySeconds, sayShare, sparkline, tally } from './words.ts';

export interface StormState {
  readonly seed: number;
  /** What is going on, such as `closed loop, 48 requests at once`. */
  doing: string;
  /** Undefined where nothing can be counted. */
  progress: () => Progress | undefined;
  readonly samples: Samples;
  struck: readonly Struck[];
  lostCount(): number;
  /** How the card provider behaved so far; absent without cards. */
  readonly provider?: () => Behaved;
  nowMs(): number;
}

/** Of the load in milliseconds, of what comes after it in requests. */
export interface Progress {
  readonly done: number;
  readonly of: number;
  readonly unit: 'ms' | 'requests';
}

export interface Live {
  /** Stops drawing and leaves the last picture away: what follows is the closing screen. */
  stop(): void;
}

type LogUpdate = ReturnType<typeof createLogUpdate>;

const redrawEveryMs = 200;
const plainLineEveryMs = 5_000;
const barWidth = 40;
const sparkLength = 24;

export async function showLive(state: StormState, isTerminal: boolean): Promise<Live> {
  if (!isTerminal) {
    const timer = setInterval(() => console.log(plainLine(state)), plainLineEveryMs);
    return { stop: () => clearInterval(timer) };
  }
  // Loaded here: only a person at a terminal needs it.
  const { default: draw }: { default: LogUpdate } = await import('log-update');
  const timer = setInterval(() => draw(picture(state)), redrawEveryMs);
  return {
    stop() {
      clearInterval(timer);
      draw.clear();
      draw.done();
    },
  };
}

function plainLine(state: StormState): string {
  const progress = state.progress();
  const begin = [...(progress ? [sayProgress(progress).padEnd(12)] : []), state.doing].join(' ');
  if (progress?.unit !== 'ms') return begin;
  const { total } = state.samples;
  const { callsPerSecond, answeredPerSecond, latency } = state.samples.lately();
  return [
    begin,
    `${sayCount(callsPerSecond)} attempts/s`,
    `${sayCount(answeredPerSecond)} answered/s`,
    `p50 ${sayMs(latency.p50Ms)} p99 ${sayMs(latency.p99Ms)}`,
    `${sayCount(total.replays)} replays`,
    `${sayCount(total.refused)} refusals`,
    `${sayCount(total.unknown)} unknown`,
    ...(state.provider ? [`${sayCount(state.provider().requestCount)} asked of the provider`] : []),
    `${state.struck.filter(({ kind }) => kind === 'kill').length} kills`,
  ].join(', ');
}

function picture(state: StormState): string {
  const { samples } = state;
  const { total, seconds } = samples;
  const { callsPerSecond, answeredPerSecond, latency } = samples.lately();
  const spark = (of: 'calls' | 'answered') =>
    sparkline(
      seconds.map((sample) => sample[of]),
      sparkLength,
    );
  const rate = (value: number) => `${sayCount(value)}/s`.padStart(9);
  const head = [
    '',
    `${bold('twicesafe storm')}  ${state.doing}  ${dim(`seed ${state.seed}`)}`,
    progressLine(state),
    '',
  ];
  // Nothing is new any more: rates and latencies would be those of the check.
  if (state.progress()?.unit !== 'ms') return head.join('\n');
  return [
    ...head,
    `  attempts  ${bold(rate(callsPerSecond))}  ${cyan(spark('calls'))}`,
    `  answered  ${bold(rate(answeredPerSecond))}  ${green(spark('answered'))}  ${dim('requests that got their first definite answer')}`,
    `  latency   p50 ${bold(sayMs(latency.p50Ms))}  p95 ${bold(sayMs(latency.p95Ms))}  p99 ${bold(sayMs(latency.p99Ms))}  ${dim('from asking to that answer, retries included, last 5 s')}`,
    '',
    `  calls     ${sayCount(total.calls)}, of which ${sayCount(total.duplicates)} repeat an earlier one (${sayShare(total.duplicates, total.calls)})`,
    `  answers   ${answersLine(total)}  ${dim('unknown: the caller learned nothing, and asks again under the same id')}`,
    `  dropped   ${sayCount(state.lostCount())} answers that were made and recorded, and lost on the way`,
    ...providerLines(state),
    '',
    `  killed    ${struckLine(state)}`,
    `  last      ${lastLine(state)}`,
    '',
  ].join('\n');
}

function providerLines({ provider }: StormState): string[] {
  if (!provider) return [];
  const { requestCount, misbehaved } = provider();
  const sum = Object.values(misbehaved).reduce((total, count) => total + count, 0);
  return [
    `  provider  ${sayCount(requestCount)} requests to the card provider, ${sayCount(sum)} of them met a fault (${sayShare(sum, requestCount)})`,
  ];
}

function progressLine(state: StormState): string {
  const progress = state.progress();
  if (!progress) return '';
  const { done, of, unit } = progress;
  const bar = progressBar(done / of, barWidth);
  const left = unit === 'ms' && done < of ? `, ${saySeconds(of - done)} to go, then the checks` : '';
  return `  ${bar}  ${sayProgress(progress)}${left}`;
}

function sayProgress({ done, of, unit }: Progress): string {
  if (unit === 'ms') return `${saySeconds(Math.min(done, of))} of ${saySeconds(of)}`;
  return `${sayCount(done)} of ${sayCount(of)} requests`;
}

function answersLine(total: Counts): string {
  return [
    `${sayCount(total.done)} done`,
    `${sayCount(total.refused)} refused`,
    `${sayCount(total.unknown)} unknown`,
    `${sayCount(total.replays)} of them replays`,
  ].join(dim('  ·  '));
}

function struckLine(state: StormState): string {
  const of = (kind: Struck['kind']) =>
    tally(state.struck.flatMap((blow) => (blow.kind === kind ? blow.target : [])))
      .map(([name, count]) => `${name} ×${count}`)
      .join('  ');
  const paused = of('pause');
  return `${of('kill') || 'nobody yet'}${paused ? dim(`   paused  ${paused}`) : ''}`;
}

function lastLine(state: StormState): string {
  const last = state.struck.at(-1);
  if (!last) return dim('nothing yet');
  const ago = saySeconds(state.nowMs() - last.struckAtMs);
  const what = last.kind === 'kill' ? 'kill -9' : `frozen for ${sayMs(last.pauseMs)}`;
  if (last.backAtMs === undefined)
    return `${red(`${last.target}, ${what}`)}, ${ago} ago, ${yellow('not back yet')}`;
  return `${last.target}, ${what}, ${ago} ago, back after ${sayMs(last.backAtMs - last.struckAtMs)}`;
}
