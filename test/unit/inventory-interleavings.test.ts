// Whatever the order of the writes of a reserve, commits, releases and an expiry, whoever dies between them, and in
// whichever streams the lines are: the units are counted once, and when everybody has come back, everything is where it
// should be.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createInventoryAudit } from '../../services/inventory/audit/inventory-audit.ts';
import { createBackground } from '../../services/inventory/background.ts';
import { reservationEntity, scopedOf, stockEntity } from '../../services/inventory/domain/names.ts';
import { decideRelease, decideReserve } from '../../services/inventory/domain/reservation.ts';
import { asReservation, inventoryRules } from '../../services/inventory/domain/rules.ts';
import { decidePutItem } from '../../services/inventory/domain/stock.ts';
import { createReservationFlow } from '../../services/inventory/reservation-flow.ts';
import { commitOf } from '../../services/inventory/reservation-moves.ts';
import { type Journal, JournalUnavailableError } from '../../shared/journal/index.ts';
import { createLog } from '../../shared/runtime/index.ts';
import { createModelJournal, type ModelJournal, type Passage } from '../support/model-journal.ts';

const at = new Date('2026-11-24T12:00:00Z');
const scoped = 'alice/r1';
const entity = reservationEntity(scoped);
const lines = [
  { sku: 'tea', quantity: 2 },
  { sku: 'cup', quantity: 3 },
  { sku: 'pot', quantity: 1 },
] as const;
const skus = lines.map(({ sku }) => sku);
type Units = Record<(typeof skus)[number], number>;

/** The streams of the reservation, tea, cup and pot. */
const placements = {
  'all in one stream': ['s0', 's0', 's0', 's0'],
  'all lines in one stream, the reservation in another': ['s0', 's1', 's1', 's1'],
  'two lines beside the reservation': ['s0', 's0', 's0', 's1'],
  'the first and the last line together': ['s0', 's1', 's2', 's1'],
  'everything apart': ['s0', 's1', 's2', 's3'],
} as const;

const streamsOf = (placement: keyof typeof placements) => {
  const names = [entity, ...skus.map(stockEntity)];
  const streams = new Map(names.map((name, index) => [name, placements[placement][index]]));
  return (name: string) => streams.get(name) ?? 's9';
};
const price = { amountMinorUnits: 250n, currency: 'EUR' };
const always = async (): Promise<Passage> => 'pass';

type Act = 'reserve' | 'commit' | 'release' | 'expire';
type Said = 'HELD' | 'COMMITTED' | 'RELEASED' | 'EXPIRED' | string;

/** The handlers' steps without the wire. */
function actor(model: ModelJournal, journal: Pick<Journal, 'submit' | 'streamOf'>) {
  const background = createBackground({ log: createLog('test', 'silent') });
  const flow = createReservationFlow({ journal, background });
  const submit = async (
    key: string,
    decide: (state: ReturnType<typeof asReservation>) => ReturnType<typeof decideRelease>,
  ) => {
    const recorded = await journal.submit({
      key,
      fingerprint: 'f',
      entities: [entity],
      decide: ([state]) => decide(asReservation(state)),
    });
    return { ...recorded, reservation: asReservation(recorded.states.get(entity)) };
  };
  const acts: Record<Act, (request: string) => Promise<Said>> = {
    async reserve(request) {
      const intent = await submit(request, (state) => decideReserve(state, scoped, { lines, reference: '' }));
      if (!intent.outcome.succeeded) return intent.outcome.refusal.reason;
      return (await flow.take(scoped, lines)).refusal?.reason ?? 'HELD';
    },
    async commit(request) {
      const before = asReservation(model.state(entity));
      if (before?.status === 'requested') await flow.take(scoped, before.lines);
      const { outcome, states } = await journal.submit({
        key: request,
        fingerprint: 'f',
        ...commitOf(scoped, before?.lines, journal.streamOf),
      });
      if (!outcome.succeeded) return outcome.refusal.reason;
      const reservation = asReservation(states.get(entity));
      if (reservation) await flow.finish(scoped, reservation);
      return 'COMMITTED';
    },
    async release(request) {
      const decided = await submit(request, (state) => decideRelease(state, scoped));
      if (decided.reservation) await flow.finish(scoped, decided.reservation);
      return 'RELEASED';
    },
    async expire() {
      await flow.expire(scoped);
      return 'EXPIRED';
    },
  };
  return { acts, flow, drain: () => background.drain() };
}

async function putStock(model: ModelJournal, units: Units): Promise<void> {
  for (const [sku, onHand] of Object.entries(units)) {
    await model.process(always).submit({
      key: `put/${sku}`,
      fingerprint: '',
      entities: [stockEntity(sku)],
      decide: () => decidePutItem(undefined, { sku, name: sku, price, onHand }),
    });
  }
}

/** What an audit would have found after any entry of the history, and what each reservation did in the end. */
function auditOf(model: ModelJournal) {
  const { streamOf } = model.process(always);
  const audit = createInventoryAudit({ cutAt: new Date(at.getTime() + 60_000), streamOf });
  const findings = model.ops.flatMap((op, index) => {
    const early = audit.take(op);
    const isWhole = model.ops[index + 1]?.seq !== op.seq;
    return isWhole ? [...early, ...[...audit.end()].flatMap((end) => end.findings)] : early;
  });
  return { findings, facts: [...audit.end()].map((end) => end.fact) };
}

const passage = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Passage>('pass') },
  { weight: 1, arbitrary: fc.constant<Passage>('die-before') },
  { weight: 1, arbitrary: fc.constant<Passage>('die-after') },
);

describe('a reservation under every interleaving and crash', () => {
  const all = Object.keys(placements) as (keyof typeof placements)[];
  test.each(all)(
    'moves its units once, says the same to every retry, and ends at rest: %s',
    async (placement) => {
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(fc.constantFrom<Act>('reserve', 'commit', 'release', 'expire'), {
            minLength: 1,
            maxLength: 5,
          }),
          fc.infiniteStream(passage),
          fc.constantFrom<Units>(
            { tea: 10, cup: 10, pot: 10 },
            { tea: 10, cup: 1, pot: 10 },
            { tea: 10, cup: 10, pot: 0 },
          ),
          fc.constantFrom<Act[]>([], ['reserve'], ['reserve', 'commit']),
          fc.boolean(),
          async (scheduler, acts, passages, units, before, callersComeBack) => {
            const model = createModelJournal(inventoryRules, at, streamsOf(placement));
            await putStock(model, units);
            const early = actor(model, model.process(always));
            for (const act of before) await early.acts[act](`early-${act}`);
            await early.drain();
            const requests = acts.map((act, index) => ({ act, key: `${act}-${index}` }));

            // First everybody at once, some of them dying on the way.
            const said = new Map<string, Said>();
            const runs = requests.map(async ({ act, key }) => {
              const journal = model.process(async (label) => {
                await scheduler.schedule(Promise.resolve(), label);
                return passages.next().value;
              });
              const { acts: does, drain } = actor(model, journal);
              await scheduler.schedule(Promise.resolve(), `${key} arrives`);
              try {
                said.set(key, await does[act](key));
              } catch (error) {
                if (!(error instanceof JournalUnavailableError)) throw error;
              }
              await drain();
            });
            await scheduler.waitFor(Promise.all(runs));
            expect(auditOf(model).findings).toEqual([]);

            // Then everybody asks again, or nobody does, and the sweeper comes by.
            const { acts: does, flow, drain } = actor(model, model.process(always));
            for (const { act, key } of callersComeBack ? requests : []) {
              const answer = await does[act](key);
              expect(answer).toBe(said.get(key) ?? answer);
            }
            for (const [open, state] of model.open()) {
              const reservation = asReservation(state);
              if (reservation) await flow.finish(scopedOf(open), reservation);
            }
            await drain();

            const { findings, facts } = auditOf(model);
            expect(findings).toEqual([]);
            const status = asReservation(model.state(entity))?.status;
            const isTaken = status === 'requested' || status === 'committed';
            for (const { sku, quantity: wanted } of lines) {
              expect(model.state(stockEntity(sku))).toMatchObject({
                onHand: units[sku] - (isTaken ? wanted : 0),
                held: status === 'requested' ? wanted : 0,
                sold: status === 'committed' ? wanted : 0,
              });
            }
            // Only one that is held waits for somebody.
            expect(model.open().map(([, state]) => asReservation(state)?.status)).toEqual(
              status === 'requested' ? ['requested'] : [],
            );
            if (status === 'requested') expect(facts[0]?.status).toBe('held');
          },
        ),
        { numRuns: 1_500 },
      );
    },
  );
});
