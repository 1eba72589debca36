// What only a simulator answers: its books, for audits, and orders to misbehave. All of it JSON, none of it Stripe's.

import type { Answer } from './answers.ts';
import { ok } from './answers.ts';
import type { Books } from './books.ts';
import { type Misbehaviour, misbehaviours, type Temper } from './misbehaviour.ts';
import type { Tally } from './tally.ts';
import { type WebhookHabit, type Webhooks, webhookHabits } from './webhooks.ts';

const bad = (message: string): Answer => ({ status: 400, body: { message } });

export function createAdmin(deps: {
  books: Books;
  temper: Temper;
  webhooks: Webhooks;
  tally: { told(): Tally };
}): { answer(method: string, path: string, body: string): Answer } {
  const { books, temper, webhooks, tally } = deps;

  function booksNow(): Answer {
    const refundsOf = (id: string) =>
      books.refundsOf(id).map(({ id: refund, amount, status }) => ({ refund, amount, status }));
    const payments = books.intents().map(({ id, status, amount_received, currency, metadata }) => ({
      id,
      status,
      taken: amount_received,
      currency,
      metadata,
      refunds: refundsOf(id),
    }));
    const takenBy = new Map<string, number>();
    for (const { taken, metadata } of payments) {
      const charge = metadata['charge'];
      if (taken > 0 && charge) takenBy.set(charge, (takenBy.get(charge) ?? 0) + 1);
    }
    const chargedTwice = [...takenBy].filter(([, count]) => count > 1).map(([charge]) => charge);
    return ok({ payments, chargedTwice });
  }

  function misbehave(body: string): Answer {
    const {
      kind,
      times = 1,
      path = '',
    } = JSON.parse(body || '{}') as { kind?: string; times?: number; path?: string };
    if (!misbehaviours.includes(kind as Misbehaviour))
      return bad(`kind is one of ${misbehaviours.join(', ')}`);
    temper.misbehave(kind as Misbehaviour, times, path);
    return ok({ kind, times, path });
  }

  function setRate(body: string): Answer {
    const { rate, seed = 1 } = JSON.parse(body || '{}') as { rate?: number; seed?: number };
    if (typeof rate !== 'number' || !(rate >= 0 && rate <= 1)) return bad('rate is from 0 to 1');
    temper.setRate(rate, seed);
    return ok({ rate, seed });
  }

  function setWebhooks(body: string): Answer {
    const { habit } = JSON.parse(body || '{}') as { habit?: string };
    const habits: readonly string[] = [...webhookHabits, 'cycle'];
    if (habit === undefined || !habits.includes(habit)) return bad(`habit is one of ${habits.join(', ')}`);
    webhooks.setHabit(habit as WebhookHabit | 'cycle');
    return ok({ habit });
  }

  return {
    answer(method, path, body) {
      try {
        switch (`${method} ${path}`) {
          case 'GET /admin/books':
            return booksNow();
          case 'GET /admin/tally':
            return ok({ ...tally.told() });
          case 'POST /admin/misbehave':
            return misbehave(body);
          case 'POST /admin/rate':
            return setRate(body);
          case 'POST /admin/webhooks':
            return setWebhooks(body);
          default:
            return {
              status: 404,
              body: {
                message:
                  'GET /admin/books, /admin/tally; POST /admin/misbehave, /admin/rate, /admin/webhooks',
              },
            };
        }
      } catch (error) {
        if (error instanceof SyntaxError) return bad('send JSON');
        throw error;
      }
    },
  };
}
