// Whatever the order of the writes of a reserve, commits, releases and an expiry, and whoever dies between them: the
// units are counted once, and when everybody has come back, everything is where it should be.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createInventoryAudit } from '../../services/inventory/audit/inventory-audit.ts';
import { createBackground } from '../../services/inventory/background.ts';
import { reservationEntity, scopedOf, stockEntity } from '../../services/inventory/domain/names.ts';
import { decideCommit, decideRelease, decideReserve } from '../../services/inventory/domain/reservation.ts';
import { asReservation, inventoryRules } from '../../services/inventory/domain/rules.ts';
import { decidePutItem } from '../../services/inventory/domain/stock.ts';
import { createReservationFlow } from '../../services/inventory/reservation-flow.ts';
import { type Journal, JournalUnavailableError } from '../../shared/journal/index.ts';
import { createLog } from '../../shared/runtime/index.ts';
import { createModelJournal, type ModelJournal, type Passage } from '../support/model-journal.ts';

const at = new Date('2026-11-24T12:00:00Z');
const scoped = 'alice/r1';
const entity = reservationEntity(scoped);
const lines = [
  { sku: 'tea', quantity: 2 },
  { sku: 'cup', quantity: 3 },
];
const price = { amountMinorUnits: 250n, currency: 'EUR' };
const always = async (): Promise<Passage> => 'pass';

type Act = 'reserve' | 'commit' | 'release' | 'expire';
type Said = 'HELD' | 'COMMITTED' | 'RELEASED' | 'EXPIRED' | string;

/** The handlers' steps without the wire. */
function actor(model: ModelJournal, journal: Pick<Journal, 'submit'>) {
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
      const holdsSeen = before !== undefined;
      const decided = await submit(request, (state) => decideCommit(state, { scoped, holdsSeen }, at));
      if (!decided.outcome.succeeded) return decided.outcome.refusal.reason;
      if (decided.reservation) await flow.finish(scoped, decided.reservation);
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

async function putStock(model: ModelJournal, units: { tea: number; cup: number }): Promise<void> {
  for (const [sku, onHand] of Object.entries(units)) {
    await model.process(always).submit({
      key: `put/${sku}`,
      fingerprint: '',
      entities: [stockEntity(sku)],
      decide: () => decidePutItem(undefined, { sku, name: sku, price, onHand }),
    });
  }
}

/** What an audit would have found at any moment of the history, and what each reservation did in the end. */
function auditOf(model: ModelJournal) {
  const audit = createInventoryAudit({ cutAt: new Date(at.getTime() + 60_000) });
  const findings = model.ops.flatMap((op) => [
    ...audit.take(op),
    ...[...audit.end()].flatMap((end) => end.findings),
  ]);
  return { findings, facts: [...audit.end()].map((end) => end.fact) };
}

const passage = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Passage>('pass') },
  { weight: 1, arbitrary: fc.constant<Passage>('die-before') },
  { weight: 1, arbitrary: fc.constant<Passage>('die-after') },
);

describe('a reservation under every interleaving and crash', () => {
  test('moves its units once, says the same to every retry, and ends at rest', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(fc.constantFrom<Act>('reserve', 'commit', 'release', 'expire'), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.infiniteStream(passage),
        fc.constantFrom({ tea: 10, cup: 10 }, { tea: 10, cup: 1 }),
        fc.constantFrom<Act[]>([], ['reserve'], ['reserve', 'commit']),
        fc.boolean(),
        async (scheduler, acts, passages, units, before, callersComeBack) => {
          const model = createModelJournal(inventoryRules, at);
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
          for (const sku of ['tea', 'cup'] as const) {
            const wanted = sku === 'tea' ? 2 : 3;
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
  });
});
