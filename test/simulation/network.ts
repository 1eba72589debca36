// The simulated network: brings a call to some process of a service and its answer back, or loses, delays or doubles
// them. Messages travel as bytes, so no two processes share an object. It decides nothing about what a call means: the
// client above it and the server's path below it are the real ones.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import type { Connections } from '../../shared/rpc/connection.ts';
import { type ExchangeDependencies, exchange } from './exchange.ts';
import type { SimulatedProcess } from './process.ts';
import type { Answer, SimulatedServer } from './server.ts';
import { createStream } from './streams.ts';
import { messageMs } from './weather.ts';

export interface Network {
  /** The way from a process to a service. A balancer that knows nothing picks the server for each request. */
  transport(from: SimulatedProcess, service: string): Transport;
}

/** How a killed server, or a connection that is lost, shows at a client: never with an ErrorInfo. */
const brokenCodes = [Code.Unavailable, Code.Canceled, Code.Aborted, Code.Internal] as const;

export function createNetwork(
  deps: ExchangeDependencies & {
    /** The servers of a service; one that is down is undefined. */
    servers(service: string, from: SimulatedProcess): readonly (SimulatedServer | undefined)[];
    /** No message passes between the two. */
    isCut(from: SimulatedProcess, service: string): boolean;
  },
): Network {
  const { luck, history } = deps;

  const pickServer = (from: SimulatedProcess, service: string): SimulatedServer | undefined =>
    luck.pick(deps.servers(service, from) as [undefined, ...undefined[]]);

  const unary = (from: SimulatedProcess, service: string): Transport['unary'] =>
    async function call(method, signal, _timeoutMs, header, input) {
      // Copies: the client changes its headers for the next attempt.
      const sent = {
        header: new Headers(header),
        message: toBinary(method.input, create(method.input, input)),
      };
      const label = `${from.name} ${method.name} ${sent.header.get('request-id') ?? ''}`;
      const answer = await exchange<Answer>(deps, {
        from,
        label,
        signal,
        gaveUp: () => ConnectError.from(signal?.reason, Code.Canceled),
        broken() {
          const code = luck.pick(brokenCodes);
          return { says: Code[code], error: new ConnectError('connection lost', code) };
        },
        arrive(back) {
          const server = pickServer(from, service);
          if (!server || deps.isCut(from, service)) return back.breakOff();
          const { process } = server;
          const stopWatching = process.onDeath(back.breakOff);
          const aborting = new AbortController();
          process.after(0, () => {
            history.note(label, '→', process.name);
            signal?.addEventListener('abort', () =>
              process.after(messageMs(luck), () =>
                aborting.abort(new ConnectError('the caller gave up', Code.Canceled)),
              ),
            );
            void server.handle(method, sent, aborting.signal).then((answered) => {
              stopWatching();
              back.answer(answered, `${process.name} ${answered.says}`, deps.isCut(from, service));
            });
          });
        },
      });
      if (answer.error) throw answer.error;
      return {
        stream: false,
        service: method.parent,
        method,
        header: answer.header,
        trailer: new Headers(),
        message: fromBinary(method.output, answer.message),
      };
    };

  return {
    transport: (from, service) => ({
      unary: unary(from, service),
      stream: createStream(
        { ...deps, isCut: () => deps.isCut(from, service), pickServer: () => pickServer(from, service) },
        from,
      ),
    }),
  };
}

/** The same way for our own client. */
export function connectionsBy(transport: Transport): Connections {
  const direct: ReturnType<Connections['current']>['transport'] = {
    async unary(method, request, headers, { signal }) {
      const { message, header } = await transport.unary(method, signal, undefined, headers, request);
      return { message, headers: Object.fromEntries(header) };
    },
  };
  return { current: () => ({ transport: direct }), suspect: () => undefined, close: () => undefined };
}
