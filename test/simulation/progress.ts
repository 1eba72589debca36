// How far a run of many seeds is, as one line.

export interface Progress {
  readonly doneCount: number;
  readonly count: number;
  readonly elapsedMs: number;
}

const number = new Intl.NumberFormat('en-US');

/** `12,400 of 1,000,000 seeds, 61.2 a second, 4 h 29 min left` */
export function progressLine({ doneCount, count, elapsedMs }: Progress): string {
  const rate = elapsedMs === 0 ? 0 : (doneCount * 1_000) / elapsedMs;
  const left = rate === 0 ? '' : `, ${durationText((count - doneCount) / rate)} left`;
  return `${number.format(doneCount)} of ${number.format(count)} seeds, ${rate.toFixed(1)} a second${left}`;
}

function durationText(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
