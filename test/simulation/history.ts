// The history of a run: one line for everything that happened, with its time. What a person reads after a failure, and
// what must be the same, byte for byte, when the seed is run again.

export interface History {
  note(...words: (string | number)[]): void;
  lines(): string[];
}

export function createHistory(nowMs: () => number): History {
  const startMs = nowMs();
  const notes: [number, (string | number)[]][] = [];
  return {
    note: (...words) => void notes.push([nowMs() - startMs, words]),
    lines: () => notes.map(([atMs, words]) => `${atMs.toFixed(3).padStart(12)}  ${words.join(' ')}`),
  };
}
