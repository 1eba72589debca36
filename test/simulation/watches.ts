// Watches: callers follow an order's timeline, lose the stream, and go on after the last thing they saw. What they saw is
// the order's whole timeline from its beginning, in order, nothing twice.

import { create, toJsonString } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { createAsyncIterable } from '@connectrpc/connect/protocol';
import {
  OrderService,
  type WatchOrderResponse,
  WatchOrderResponseSchema,
} from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import type { Ledger } from './ledger.ts';
import type { Network } from './network.ts';
import type { SimulatedProcess } from './process.ts';

interface Watch {
  readonly caller: string;
  readonly orderId: string;
  readonly beganAtMs: number;
  readonly parts: WatchOrderResponse[];
  /** The stream ended by itself. */
  hasEnded: boolean;
  wasNotFound: boolean;
}

export interface Watches {
  /** Watches until the order is at rest; up to `tries` streams, each of `budgetMs` at the most. */
  watch(caller: string, orderId: string, patience: { budgetMs: number; tries: number }): Promise<void>;
  /** When everything is at rest: what was seen against what a new watch sees. */
  lies(): Promise<string[]>;
}

const pauseMsMax = 800;
const patient = { budgetMs: 20_000, tries: 20 };

export function createWatches(deps: {
  process: SimulatedProcess;
  network: Network;
  ledger: Ledger;
}): Watches {
  const { process, network, ledger } = deps;
  const { clock, random } = process;
  const { stream } = network.transport(process, 'order');
  const watches: Watch[] = [];

  async function streamInto(watch: Watch, budgetMs: number): Promise<void> {
    const late = new AbortController();
    process.after(budgetMs, () => late.abort());
    const header = new Headers({
      authorization: `Bearer token-${watch.caller}`,
      'connect-timeout-ms': String(budgetMs),
    });
    const afterPosition = watch.parts.at(-1)?.position ?? 0n;
    const method = OrderService.method.watchOrder;
    const request = createAsyncIterable([create(method.input, { orderId: watch.orderId, afterPosition })]);
    const response = await stream(method, late.signal, undefined, header, request);
    for await (const part of response.message) watch.parts.push(part);
    watch.hasEnded = true;
  }

  async function watchUntilRest(watch: Watch, { budgetMs, tries }: typeof patient): Promise<void> {
    for (let tried = 0; tried < tries && !watch.hasEnded; tried += 1) {
      try {
        await streamInto(watch, budgetMs);
      } catch (error) {
        watch.wasNotFound ||= ConnectError.from(error).code === Code.NotFound;
        await clock.sleep(random.fraction() * pauseMsMax);
      }
    }
  }

  function begin(caller: string, orderId: string): Watch {
    const beganAtMs = clock.nowMs();
    return { caller, orderId, beganAtMs, parts: [], hasEnded: false, wasNotFound: false };
  }

  return {
    async watch(caller, orderId, patience) {
      const watch = begin(caller, orderId);
      watches.push(watch);
      await watchUntilRest(watch, patience);
    },
    async lies() {
      const lies: string[] = [];
      for (const watch of watches) {
        const { caller, orderId, beganAtMs, wasNotFound, parts } = watch;
        const who = `I8 ${caller}'s watch of ${orderId}`;
        const placedAtMs = ledger.placedAtMs(orderId);
        if (wasNotFound && placedAtMs !== undefined && placedAtMs < beganAtMs)
          lies.push(`${who} was told that it is not there`);
        if (parts.length === 0) continue;
        const again = begin(caller, orderId);
        await watchUntilRest(again, patient);
        if (!again.hasEnded) lies.push(`${who} does not end, though the order is at rest`);
        const differing = parts.findIndex((part, index) => textOf(part) !== textOf(again.parts[index]));
        if (differing >= 0)
          lies.push(`${who} saw ${textOf(parts[differing])}, and now ${textOf(again.parts[differing])}`);
        const last = parts.at(-1)?.event ?? '';
        if (watch.hasEnded && unfinished.has(last)) lies.push(`${who} ended after ${last}`);
      }
      return lies;
    },
  };
}

/** After these something always comes. */
const unfinished: ReadonlySet<string> = new Set(['placed', 'confirmed', 'compensating']);

function textOf(part: WatchOrderResponse | undefined): string {
  return part ? toJsonString(WatchOrderResponseSchema, part) : 'nothing';
}
