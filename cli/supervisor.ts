// Keeps one server running: starts it, notices that it died, starts it again after a short pause. It knows no server by
// name and no order between servers; suite.ts does.

import { setTimeout as sleep } from 'node:timers/promises';
import { type Exit, sayHowItEnded } from '../shared/processes/index.ts';

/** A server that answers. */
export interface Running {
  readonly pid: number | undefined;
  readonly exited: Promise<Exit>;
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): void | Promise<void>;
}

export interface Kept {
  readonly name: string;
  /** Undefined while it is down, and where it is no process of this machine. */
  pid(): number | undefined;
  /** Sends the signal and resolves when the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again by hand, when it is down and is not restarted by itself. Resolves when it answers. */
  start(): Promise<void>;
  /** Resolves when it is up; at once when it is. */
  up(): Promise<void>;
  /** Ends it for good. Safe to call twice, and while it is being started. */
  stop(): Promise<void>;
}

export interface KeepOptions {
  readonly name: string;
  /** Starts the server and resolves when it answers; rejects, with nothing left behind, when it does not. */
  start(signal: AbortSignal): Promise<Running>;
  readonly restart: 'by-itself' | 'by-hand';
  report(line: string): void;
}

/** Short enough that kill -9 is a demonstration, not a wait; doubled while it does not come up, up to the second. */
const pauseMsFirst = 100;
const pauseMsMax = 5_000;

/** A server that lived shorter than this died of itself: the pause goes on growing. */
const steadyLifeMs = 10_000;

/** Starts the server and keeps it running until `stop`. Rejects when the first start fails. */
export async function keepRunning(options: KeepOptions): Promise<Kept> {
  const stopping = new AbortController();
  let current: Running | undefined;
  let startedAtMs = 0;
  let starting: Promise<void> = Promise.resolve();
  let pauseMs = pauseMsFirst;

  async function begin(): Promise<void> {
    const running = await options.start(stopping.signal);
    if (stopping.signal.aborted) return running.stop();
    current = running;
    startedAtMs = performance.now();
    void running.exited.then((exit) => {
      current = undefined;
      if (!stopping.signal.aborted && options.restart === 'by-itself')
        starting = bringBack(exit, running.pid);
    });
  }

  /** Tries for as long as it takes: only `stop` ends it, because nobody else is there to bring the server back. */
  async function bringBack(exit: Exit, oldPid: number | undefined): Promise<void> {
    const diedAtMs = performance.now();
    if (diedAtMs - startedAtMs > steadyLifeMs) pauseMs = pauseMsFirst;
    let told = false;
    while (!stopping.signal.aborted) {
      await sleep(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, pauseMsMax);
      if (stopping.signal.aborted) return;
      try {
        await begin();
        const seconds = ((performance.now() - diedAtMs) / 1000).toFixed(1);
        options.report(
          `${options.name}${sayPid(oldPid)} ${sayHowItEnded(exit)}; ready again after ${seconds} s${sayPid(current?.pid)}`,
        );
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        if (!told)
          options.report(
            `${options.name} ${sayHowItEnded(exit)}; trying to start it again (${messageOf(error)})`,
          );
        told = true;
      }
    }
  }

  await begin();
  return {
    name: options.name,
    pid: () => current?.pid,
    async kill(signal) {
      const running = current;
      if (!running) return;
      await running.kill(signal);
      await running.exited;
    },
    async start() {
      if (!current) await begin();
    },
    up: () => starting,
    async stop() {
      stopping.abort();
      await starting;
      await current?.stop();
    },
  };
}

function sayPid(pid: number | undefined): string {
  return pid === undefined ? '' : ` (pid ${pid})`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
