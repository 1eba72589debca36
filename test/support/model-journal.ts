// The journal's contract and nothing else, in memory: a key is recorded once, on the newest states of one stream, and each
// submission is an entry. Every submission passes a gate, where a test decides who comes next and who dies before or after its write. For exploring
// interleavings that a real database would show once in a year; that the journal keeps this contract is for its own
// suites.

import type { Journal, Recorded, RecordedOp, State, Submission } from '../../shared/journal/index.ts';
import { type EntityRules, JournalUnavailableError, KeyReusedError } from '../../shared/journal/index.ts';

/** `die-before`: nothing was recorded; `die-after`: it was, but the caller never learns. */
export type Passage = 'pass' | 'die-before' | 'die-after';

export interface ModelJournal {
  /** A journal as one process has it. Whoever shares the gate's fate shares this. */
  process(gate: (key: string) => Promise<Passage>): Pick<Journal, 'submit' | 'streamOf'>;
  state(entity: string): State | undefined;
  readonly ops: readonly RecordedOp[];
  open(): readonly (readonly [string, State])[];
}

export function createModelJournal(
  rules: EntityRules,
  at: Date,
  streamOf: (entity: string) => string = () => 's0',
): ModelJournal {
  const states = new Map<string, State>();
  const recorded = new Map<string, Recorded & { fingerprint: string }>();
  const ops: RecordedOp[] = [];
  let entryCount = 0;

  function record({ key, fingerprint, entities, decide, provenBy }: Submission): Recorded {
    const [stream = '', ...others] = new Set(entities.map(streamOf));
    if (stream === '' || others.length > 0) throw new Error(`${key} needs entities of exactly one stream`);
    const before = recorded.get(key);
    if (before && provenBy !== 'state') {
      if (before.fingerprint !== fingerprint) throw new KeyReusedError(key);
      return { ...before, replayed: true };
    }
    const { outcome, changes } = decide(
      entities.map((entity) => states.get(entity)),
      at,
    );
    const after = new Map<string, State>();
    entryCount += 1;
    for (const { entity, type, data } of changes) {
      if (!entities.includes(entity)) throw new Error(`${key} changes ${entity}, which it did not name`);
      const state = rules.evolve(entity, states.get(entity), { type, data }, at);
      if (state) {
        states.set(entity, state);
        after.set(entity, state);
      }
      ops.push({
        stream,
        seq: entryCount,
        writer: 'model',
        at,
        entity,
        key,
        type,
        data,
        outcome,
        state,
      });
    }
    const record = { outcome, replayed: false, states: after, at, fingerprint, seq: ops.length };
    recorded.set(key, record);
    return record;
  }

  return {
    ops,
    state: (entity) => states.get(entity),
    open: () => [...states].filter(([entity, state]) => rules.isOpen(entity, state)),
    process: (gate) => ({
      streamOf,
      async submit(submission) {
        const passage = await gate(submission.key);
        if (passage === 'die-before') throw new JournalUnavailableError('died before the write');
        const answer = record(submission);
        if (passage === 'die-after') throw new JournalUnavailableError('died after the write');
        return answer;
      },
    }),
  };
}
