// An exchange: one request on its way to somebody and the answer on its way back, on a network that loses, delays and
// doubles. It knows no protocol and no side.

import type { SeededRandom } from '../support/seeded-random.ts';
import type { History } from './history.ts';
import type { SimulatedProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';
import { brokenMs, lateMs, messageMs, type Weather } from './weather.ts';

export interface Exchange<A> {
  readonly from: SimulatedProcess;
  /** For the history. */
  readonly label: string;
  /** The sender gives up when it aborts. */
  readonly signal: AbortSignal | undefined;
  /** How giving up shows at the sender. */
  gaveUp(): unknown;
  /** How a lost connection shows at the sender. */
  broken(): { readonly says: string; readonly error: unknown };
  /** A copy of the request is on the other side. */
  arrive(back: WayBack<A>): void;
}

export interface WayBack<A> {
  /** The connection is lost. Half of the time nobody says so, and only the sender's own timer helps. */
  breakOff(): void;
  /** `isLost`: whatever the weather is. */
  answer(answer: A, says: string, isLost: boolean): void;
}

export interface ExchangeDependencies {
  readonly scheduler: Scheduler;
  readonly luck: SeededRandom;
  readonly history: History;
  weather(): Weather;
}

/** Resolves with the first answer that arrives; rejects as `gaveUp` or `broken` say. A dead sender waits for ever. */
export function exchange<A>(deps: ExchangeDependencies, asked: Exchange<A>): Promise<A> {
  const { scheduler, luck, history, weather } = deps;
  const { from, label, signal } = asked;
  return new Promise((resolve, reject) => {
    let isOver = false;
    function end(how: string, finish: () => void): void {
      if (isOver) return;
      isOver = true;
      signal?.removeEventListener('abort', onAbort);
      history.note(label, how);
      finish();
    }
    const onAbort = () => end('gives up', () => reject(asked.gaveUp()));
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort);

    function breakOff(): void {
      if (luck.chance(0.5)) return;
      const { says, error } = asked.broken();
      from.after(brokenMs(luck), () => end(`breaks off ${says}`, () => reject(error)));
    }

    function answer(answered: A, says: string, isCut: boolean): void {
      const isLost = luck.chance(weather().lost) || isCut;
      history.note(label, '←', says, isLost ? '(lost)' : '');
      if (isLost) breakOff();
      else from.after(messageMs(luck), () => end('answered', () => resolve(answered)));
    }

    const copies = luck.chance(weather().doubled) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const { lost, late } = weather();
      if (luck.chance(lost)) breakOff();
      else {
        const delayMs = luck.chance(late) ? lateMs(luck) : messageMs(luck);
        scheduler.after(delayMs, () => asked.arrive({ breakOff, answer }));
      }
    }
  });
}
