// A cutoff: ends with another signal or when a time is up, whichever comes first.
//
// It is an AbortSignal as far as waiting for an answer needs one, and no AbortController: nearly every call is answered in
// time, and of two controllers for each, one for the call and one for its timer, nothing was left but garbage.

import type { Clock } from '../runtime/index.ts';

/** What an AbortSignal tells those who wait. Every AbortSignal is one. */
export interface Ending {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Aborts with the reason of the first outer signal that aborts, or with `lateReason` when the time is up. */
export interface Cutoff extends Ending {
  /** The same for whoever needs a real one. */
  readonly signal: AbortSignal;
  /** Settles as the work does, or rejects with the reason if it aborts first. Of work that is late nobody hears. */
  within<T>(work: Promise<T>): Promise<T>;
  /** Stops the timer and the listening. Afterwards it never aborts. */
  release(): void;
}

export function createCutoff(
  clock: Clock,
  durationMs: number,
  outerSignals: readonly AbortSignal[],
  lateReason: () => unknown,
): Cutoff {
  return new TimedCutoff(clock, durationMs, outerSignals, lateReason);
}

// A class, because one is made for every call: its methods are there once for all of them.
class TimedCutoff implements Cutoff {
  aborted = false;
  reason: unknown;
  readonly #outerSignals: readonly AbortSignal[];
  readonly #onOuter: (() => void) | undefined;
  readonly #stopTimer: (() => void) | undefined;
  #listeners: (() => void)[] = [];
  #controller: AbortController | undefined;

  constructor(
    clock: Clock,
    durationMs: number,
    outerSignals: readonly AbortSignal[],
    lateReason: () => unknown,
  ) {
    this.#outerSignals = outerSignals;
    const over = outerSignals.find((outer) => outer.aborted);
    if (over) {
      this.#end(over.reason);
      return;
    }
    if (outerSignals.length > 0) {
      const onOuter = () => this.#end(outerSignals.find((outer) => outer.aborted)?.reason);
      for (const outer of outerSignals) outer.addEventListener('abort', onOuter);
      this.#onOuter = onOuter;
    }
    this.#stopTimer = clock.after(durationMs, () => this.#end(lateReason()));
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.aborted) this.#controller.abort(this.reason);
    }
    return this.#controller.signal;
  }

  within<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(this.reason);
      const stay = () => this.removeEventListener('abort', giveUp);
      if (this.aborted) giveUp();
      else this.addEventListener('abort', giveUp);
      work.then(
        (done) => {
          stay();
          resolve(done);
        },
        (error: unknown) => {
          stay();
          reject(error);
        },
      );
    });
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners = this.#listeners.filter((each) => each !== listener);
  }

  release(): void {
    this.#stopTimer?.();
    if (!this.#onOuter) return;
    // Some outer signals live as long as the server: what stayed attached to them would never be freed.
    for (const outer of this.#outerSignals) outer.removeEventListener('abort', this.#onOuter);
  }

  #end(reason: unknown): void {
    if (this.aborted) return;
    this.release();
    this.aborted = true;
    // As an AbortSignal does: a reason is always there.
    this.reason = reason ?? new DOMException('This operation was aborted', 'AbortError');
    this.#controller?.abort(this.reason);
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
