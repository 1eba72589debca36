// A journal in memory whose writers meet their fate before and after each write, at places named as the real one names
// its failpoints. It keeps the real one's promises: a key once, decisions in order.

import type { State } from '../../shared/journal/decision.ts';
import type { EntityRules, Page, RecordedKey, RecordedOp, Submission } from '../../shared/journal/index.ts';
import type { Clock } from '../../shared/runtime/index.ts';

/** Awaited at each place; throwing there is dying there. */
export type MeetFate = (place: string, details: readonly string[]) => Promise<void>;

export function createFatedJournal({ rules, clock }: { rules: EntityRules; clock: Clock }) {
  const states = new Map<string, State>();
  const recorded = new Map<string, RecordedKey>();
  const ops: RecordedOp[] = [];
  const lists = new Map<string, string[]>();

  function record({ key, fingerprint, entities, decide }: Submission): RecordedKey {
    const before = recorded.get(key);
    if (before) return { ...before, replayed: true };
    const at = clock.now();
    const decision = decide(statesOf(entities), at);
    const after = new Map<string, State>();
    for (const { entity, type, data, lists: inLists = [] } of decision.changes) {
      for (const name of inLists) lists.set(name, [entity, ...(lists.get(name) ?? [])]);
      const state = rules.evolve(entity, states.get(entity), { type, data }, at);
      if (state) {
        states.set(entity, state);
        after.set(entity, state);
      }
      const { outcome } = decision;
      const place = { stream: 's0', seq: ops.length + 1, writer: 'w', at };
      ops.push({ ...place, entity, key, type, data, outcome, state });
    }
    const first = { seq: ops.length, writer: 'w', at, replayed: false };
    const entry = { ...first, outcome: decision.outcome, states: after, fingerprint };
    recorded.set(key, entry);
    return entry;
  }

  const statesOf = (entities: readonly string[]) => entities.map((entity) => states.get(entity));

  /** What it is about to write. Decided again when it is written: somebody may have come first. */
  function typesOf({ key, entities, decide }: Submission): string[] {
    if (recorded.has(key)) return [];
    return decide(statesOf(entities), clock.now()).changes.map(({ type }) => type);
  }

  /** The journal of one process. */
  function seenWith(meetFate: MeetFate) {
    return {
      async submit(submission: Submission): Promise<RecordedKey> {
        const types = typesOf(submission);
        await meetFate('journal.before_insert', types);
        const answer = record(submission);
        await meetFate('journal.after_insert', types);
        return answer;
      },
      readKey: async (key: string) => recorded.get(key),
      readState: async (entity: string) => states.get(entity),
      follow: async () => undefined,
      list: async (name: string): Promise<Page<string>> => ({
        items: lists.get(name) ?? [],
        nextPageToken: undefined,
      }),
      openEntities: () =>
        new Map(
          [...states]
            .filter(([entity, state]) => rules.isOpen(entity, state))
            .map(([entity, state]) => [entity, { state, openedAt: clock.now() }]),
        ),
    };
  }

  return { ops, states, seenWith };
}
