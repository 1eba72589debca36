// Returns of a part of what was sold: what is decided, and that under every order of the writes of returns, commits and a
// release, and whoever dies between them, no unit comes back twice and none is lost.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createInventoryAudit } from '../../services/inventory/audit/inventory-audit.ts';
import { createBackground } from '../../services/inventory/background.ts';
import { reservationEntity, scopedOf, stockEntity } from '../../services/inventory/domain/names.ts';
import { decideRelease, decideReserve } from '../../services/inventory/domain/reservation.ts';
import type { ReservationState } from '../../services/inventory/domain/reservation-state.ts';
import { decideReturn } from '../../services/inventory/domain/returns.ts';
import { asReservation, inventoryRules } from '../../services/inventory/domain/rules.ts';
import { decidePutItem } from '../../services/inventory/domain/stock.ts';
import { createReservationFlow } from '../../services/inventory/reservation-flow.ts';
import { commitOf } from '../../services/inventory/reservation-moves.ts';
import { createReturnFlow } from '../../services/inventory/return-flow.ts';
import type { Decision, State } from '../../shared/journal/decision.ts';
import { type Journal, JournalUnavailableError, type Submission } from '../../shared/journal/index.ts';
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

/** Where the reservation, its tea and its cups are. */
const placements = {
  'all in one stream': () => 's0',
  'the lines in one stream, the reservation in another': (name: string) => (name === entity ? 's0' : 's1'),
  'one line beside the reservation': (name: string) => (name === stockEntity('cup') ? 's1' : 's0'),
  'everything apart': (name: string) => name,
} as const;

/** What each return of these tests brings back, and whether it can be sold again. */
const kinds = {
  'one tea, on sale': { lines: [{ sku: 'tea', quantity: 1 }], backOnSale: true },
  'one tea, broken': { lines: [{ sku: 'tea', quantity: 1 }], backOnSale: false },
  'a tea and two cups, on sale': {
    lines: [
      { sku: 'tea', quantity: 1 },
      { sku: 'cup', quantity: 2 },
    ],
    backOnSale: true,
  },
  'everything, broken': { lines, backOnSale: false },
} as const;
type Kind = keyof typeof kinds;

/** The handlers' steps without the wire. */
function actor(model: ModelJournal, journal: Pick<Journal, 'submit' | 'streamOf'>) {
  const background = createBackground({ log: createLog('test', 'silent') });
  const flow = createReservationFlow({ journal, background });
  const returns = createReturnFlow({ journal });
  async function submit(key: string, what: Pick<Submission, 'entities' | 'decide'>) {
    const recorded = await journal.submit({ key, fingerprint: 'f', ...what });
    const said = recorded.outcome.succeeded ? 'done' : recorded.outcome.refusal.reason;
    return { said, reservation: asReservation(recorded.states.get(entity)) };
  }
  const decision = (decide: (state: ReservationState | undefined) => Decision) => ({
    entities: [entity],
    decide: ([state]: readonly (State | undefined)[]) => decide(asReservation(state)),
  });
  return {
    drain: () => background.drain(),
    async reserve(key: string) {
      await submit(
        key,
        decision((state) => decideReserve(state, scoped, { lines, reference: '' })),
      );
      await flow.take(scoped, lines);
      return 'done';
    },
    async commit(key: string) {
      const before = asReservation(model.state(entity));
      if (before?.status === 'requested') await flow.take(scoped, before.lines);
      const { said, reservation } = await submit(key, commitOf(scoped, before?.lines, journal.streamOf));
      if (said === 'done' && reservation) await flow.finish(scoped, reservation);
      return said;
    },
    async release(key: string) {
      const { said, reservation } = await submit(
        key,
        decision((state) => decideRelease(state, scoped)),
      );
      if (reservation) await flow.finish(scoped, reservation);
      return said;
    },
    async takeBack(key: string, kind: Kind) {
      const before = asReservation(model.state(entity));
      const salesSeen = before?.status === 'committed';
      if (salesSeen && !before.settled) await flow.finish(scoped, before);
      const command = { scoped, returnId: key, ...kinds[kind] };
      const { said, reservation } = await submit(
        key,
        decision((state) => decideReturn(state, command, salesSeen)),
      );
      if (said === 'done' && reservation) await returns.finish(scoped, reservation);
      return said;
    },
    async sweep() {
      for (const [open, state] of model.open()) {
        const reservation = asReservation(state);
        if (!reservation) continue;
        await flow.finish(scopedOf(open), reservation);
        await returns.finish(scopedOf(open), reservation);
      }
      await background.drain();
    },
  };
}

/** Ten of each item, of which `scoped` has bought two teas and three cups. */
async function sold() {
  const model = createModelJournal(inventoryRules, at);
  const journal = model.process(always);
  for (const sku of ['tea', 'cup']) {
    const decide = () => decidePutItem(undefined, { sku, name: sku, price, onHand: 10 });
    await journal.submit({ key: `put/${sku}`, fingerprint: '', entities: [stockEntity(sku)], decide });
  }
  const shop = actor(model, journal);
  await shop.reserve('reserve');
  await shop.commit('commit');
  await shop.drain();
  return { model, ...shop };
}

const unitsOf = (model: ModelJournal, sku: string) => {
  const { onHand, held, sold: units, received } = model.state(stockEntity(sku)) as Record<string, number>;
  return { onHand, held, sold: units, received };
};

/** What an audit finds, and what the reservation did. */
function auditOf(model: ModelJournal) {
  const { streamOf } = model.process(always);
  const audit = createInventoryAudit({ cutAt: new Date(at.getTime() + 60_000), streamOf });
  const findings = model.ops.flatMap((op) => [...audit.take(op)]);
  const ends = [...audit.end()];
  return { findings: [...findings, ...ends.flatMap((end) => end.findings)], fact: ends[0]?.fact };
}

describe('a return of sold units', () => {
  test('puts them back on sale, or off the books', async () => {
    const { model, takeBack } = await sold();
    expect(await takeBack('r-1', 'a tea and two cups, on sale')).toBe('done');
    expect(await takeBack('r-2', 'one tea, broken')).toBe('done');
    expect(unitsOf(model, 'tea')).toEqual({ onHand: 9, held: 0, sold: 0, received: 9 });
    expect(unitsOf(model, 'cup')).toEqual({ onHand: 9, held: 0, sold: 1, received: 10 });
    expect(auditOf(model)).toMatchObject({ findings: [], fact: { status: 'committed', soldUnits: 1 } });
    expect(model.open()).toEqual([]);
  });

  test('happens once for one request, however often it is asked', async () => {
    const { model, takeBack } = await sold();
    for (let attempt = 0; attempt < 20; attempt += 1) {
      expect(await takeBack('r-1', 'one tea, on sale')).toBe('done');
    }
    expect(unitsOf(model, 'tea')).toEqual({ onHand: 9, held: 0, sold: 1, received: 10 });
  });

  test('is refused beyond what is left over all returns, and takes nothing back then', async () => {
    const { model, takeBack } = await sold();
    await takeBack('r-1', 'one tea, on sale');
    expect(await takeBack('r-2', 'everything, broken')).toBe('RETURN_EXCEEDS_SOLD');
    expect(unitsOf(model, 'cup')).toEqual({ onHand: 7, held: 0, sold: 3, received: 10 });
    expect(await takeBack('r-3', 'one tea, broken')).toBe('done');
    expect(await takeBack('r-4', 'one tea, on sale')).toBe('RETURN_EXCEEDS_SOLD');
  });

  test('leaves the rest to a later release, and nothing when all has come back', async () => {
    const first = await sold();
    await first.takeBack('r-1', 'one tea, broken');
    await first.release('release');
    await first.drain();
    expect(unitsOf(first.model, 'tea')).toEqual({ onHand: 9, held: 0, sold: 0, received: 9 });
    expect(unitsOf(first.model, 'cup')).toEqual({ onHand: 10, held: 0, sold: 0, received: 10 });
    const second = await sold();
    await second.takeBack('r-1', 'everything, broken');
    await second.release('release');
    await second.drain();
    expect(unitsOf(second.model, 'tea')).toEqual({ onHand: 8, held: 0, sold: 0, received: 8 });
    for (const { model } of [first, second]) {
      expect(auditOf(model)).toMatchObject({ findings: [], fact: { status: 'released', soldUnits: 0 } });
      expect(model.open()).toEqual([]);
    }
  });

  test('is refused after a release, and before a commit', async () => {
    const after = await sold();
    await after.release('release');
    expect(await after.takeBack('r-1', 'one tea, on sale')).toBe('RESERVATION_RELEASED');
    const model = createModelJournal(inventoryRules, at);
    const journal = model.process(always);
    const decide = () => decidePutItem(undefined, { sku: 'tea', name: 'tea', price, onHand: 10 });
    await journal.submit({ key: 'put', fingerprint: '', entities: [stockEntity('tea')], decide });
    const shop = actor(model, journal);
    expect(await shop.takeBack('r-1', 'one tea, on sale')).toBe('RESERVATION_NOT_FOUND');
    await shop.reserve('reserve');
    expect(await shop.takeBack('r-2', 'one tea, on sale')).toBe('RESERVATION_NOT_COMMITTED');
  });
});

const passage = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Passage>('pass') },
  { weight: 1, arbitrary: fc.constant<Passage>('die-before') },
  { weight: 1, arbitrary: fc.constant<Passage>('die-after') },
);
const kind = fc.constantFrom<Kind>(...(Object.keys(kinds) as Kind[]));
const act = fc.oneof(
  { weight: 4, arbitrary: kind },
  { weight: 1, arbitrary: fc.constantFrom('release' as const, 'commit' as const) },
);

/** Units of a SKU over all returns that were decided, by what became of them. */
function decidedUnits(model: ModelJournal, sku: string, backOnSale: boolean): number {
  return model.ops
    .filter(({ type, data }) => type === 'return-requested' && data['backOnSale'] === backOnSale)
    .flatMap(({ data }) => data['lines'] as readonly { sku: string; quantity: number }[])
    .reduce((sum, line) => sum + (line.sku === sku ? line.quantity : 0), 0);
}

describe('returns under every interleaving and crash', () => {
  const all = Object.keys(placements) as (keyof typeof placements)[];
  test.each(all)(
    'bring each unit back once, say the same to every retry, and leave the rest to a release: %s',
    async (placement) => {
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(act, { minLength: 1, maxLength: 5 }),
          fc.infiniteStream(passage),
          fc.constantFrom('sold', 'held'),
          fc.boolean(),
          async (scheduler, acts, passages, before, callersComeBack) => {
            const model = createModelJournal(inventoryRules, at, placements[placement]);
            const quiet = model.process(always);
            for (const sku of ['tea', 'cup']) {
              const decide = () => decidePutItem(undefined, { sku, name: sku, price, onHand: 10 });
              await quiet.submit({
                key: `put/${sku}`,
                fingerprint: '',
                entities: [stockEntity(sku)],
                decide,
              });
            }
            const early = actor(model, quiet);
            await early.reserve('reserve');
            if (before === 'sold') await early.commit('commit-early');
            await early.drain();
            const requests = acts.map((what, index) => ({ what, key: `${what}-${index}` }));
            const run = (doer: ReturnType<typeof actor>, { what, key }: (typeof requests)[number]) =>
              what === 'release' || what === 'commit' ? doer[what](key) : doer.takeBack(key, what);

            const said = new Map<string, string>();
            const runs = requests.map(async (request) => {
              const journal = model.process(async (label) => {
                await scheduler.schedule(Promise.resolve(), label);
                return passages.next().value;
              });
              const doer = actor(model, journal);
              await scheduler.schedule(Promise.resolve(), `${request.key} arrives`);
              try {
                said.set(request.key, await run(doer, request));
              } catch (error) {
                if (!(error instanceof JournalUnavailableError)) throw error;
              }
              await doer.drain();
            });
            await scheduler.waitFor(Promise.all(runs));
            expect(auditOf(model).findings).toEqual([]);

            const last = actor(model, quiet);
            for (const request of callersComeBack ? requests : []) {
              const answer = await run(last, request);
              expect(answer).toBe(said.get(request.key) ?? answer);
            }
            await last.sweep();

            const { findings, fact } = auditOf(model);
            expect(findings).toEqual([]);
            const status = asReservation(model.state(entity))?.status;
            for (const [sku, bought] of [
              ['tea', 2],
              ['cup', 3],
            ] as const) {
              const onSale = decidedUnits(model, sku, true);
              const broken = decidedUnits(model, sku, false);
              expect(onSale + broken).toBeLessThanOrEqual(bought);
              const isGone = status === 'released';
              const left = bought - onSale - broken;
              expect(unitsOf(model, sku)).toEqual({
                onHand: isGone ? 10 - broken : 10 - bought + onSale,
                held: status === 'requested' ? bought : 0,
                sold: status === 'committed' ? left : 0,
                received: 10 - broken,
              });
            }
            if (status === 'released') expect(fact?.soldUnits).toBe(0);
            if (status !== 'requested') expect(model.open()).toEqual([]);
          },
        ),
        { numRuns: 1_500 },
      );
    },
  );
});
