// Server streams on the simulated network: one connection, so messages stay in order; it may be lost between any two of them,
// and half of the time nobody says so.

import { create, type DescMessage, fromBinary, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import type { ExchangeDependencies } from './exchange.ts';
import type { SimulatedProcess } from './process.ts';
import type { SimulatedServer } from './server.ts';
import { brokenMs, messageMs } from './weather.ts';

const lost = () => new ConnectError('connection lost', Code.Unavailable);

export function createStream(
  deps: ExchangeDependencies & { isCut(): boolean; pickServer(): SimulatedServer | undefined },
  from: SimulatedProcess,
): Transport['stream'] {
  const { luck, history, weather, scheduler, isCut, pickServer } = deps;

  return async (method, signal, _timeoutMs, header, input) => {
    const [asked] = await Array.fromAsync(input);
    const message = toBinary(method.input, create(method.input, asked));
    const request = { header: new Headers(header), message };
    const label = `${from.name} ${method.name}`;
    const inbox = createInbox();
    const stopServing = new AbortController();
    let lastAtMs = 0;
    let isOver = false;

    function end(error: unknown): void {
      if (isOver) return;
      isOver = true;
      history.note(label, 'ends', error instanceof ConnectError ? error.message : '');
      inbox.end(error);
      stopServing.abort(lost());
    }
    signal?.addEventListener('abort', () => end(new ConnectError('gives up', Code.Canceled)));

    function breakOff(): void {
      stopServing.abort(lost());
      if (luck.chance(0.5)) from.after(brokenMs(luck), () => end(lost()));
    }

    /** Never before what was sent before it. */
    function bring(fire: () => void): void {
      lastAtMs = Math.max(lastAtMs, scheduler.nowMs() + messageMs(luck));
      from.after(lastAtMs - scheduler.nowMs(), fire);
    }

    async function serve(server: SimulatedServer): Promise<void> {
      const stopWatching = server.process.onDeath(breakOff);
      try {
        for await (const part of server.stream(method, request, stopServing.signal)) {
          if (stopServing.signal.aborted) return;
          if (luck.chance(weather().lost) || isCut()) return breakOff();
          history.note(label, '←', server.process.name, part.length, 'bytes');
          bring(() => inbox.put(part));
        }
        bring(() => end(undefined));
      } catch (error) {
        bring(() => end(error));
      } finally {
        stopWatching();
      }
    }

    scheduler.after(messageMs(luck), () => {
      const server = isCut() || luck.chance(weather().lost) ? undefined : pickServer();
      if (!server) return breakOff();
      server.process.after(0, () => {
        history.note(label, '→', server.process.name);
        void serve(server);
      });
    });
    return {
      stream: true,
      service: method.parent,
      method,
      header: new Headers(),
      trailer: new Headers(),
      message: parsed(method.output, inbox.parts()),
    };
  };
}

interface Inbox {
  put(part: Uint8Array): void;
  /** The first end counts; with an error it is thrown to the reader, after what was put before. */
  end(error: unknown): void;
  parts(): AsyncIterable<Uint8Array>;
}

function createInbox(): Inbox {
  const queued: Uint8Array[] = [];
  let ended: { readonly error: unknown } | undefined;
  let wake = () => {};
  return {
    put(part) {
      if (!ended) queued.push(part);
      wake();
    },
    end(error) {
      ended ??= { error };
      wake();
    },
    async *parts() {
      for (;;) {
        const part = queued.shift();
        if (part) yield part;
        else if (!ended) await new Promise<void>((resolve) => (wake = resolve));
        else if (ended.error === undefined) return;
        else throw ended.error;
      }
    },
  };
}

async function* parsed<O extends DescMessage>(
  schema: O,
  parts: AsyncIterable<Uint8Array>,
): AsyncIterable<MessageShape<O>> {
  for await (const part of parts) yield fromBinary(schema, part);
}
