// The simulated network: brings a call to some process of a service and its answer back, or loses, delays or doubles
// them. Messages travel as bytes, so no two processes share an object. It decides nothing about what a call means: the
// client above it and the server's path below it are the real ones.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Code, ConnectError, type Transport } from '@connectrpc/connect';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { History } from './history.ts';
import type { SimulatedProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';
import type { SimulatedServer } from './server.ts';
import { brokenMs, lateMs, messageMs, type Weather } from './weather.ts';

export interface Network {
  /** The way from a process to a service. A balancer that knows nothing picks the server for each request. */
  transport(from: SimulatedProcess, service: string): Transport;
}

/** How a killed server, or a connection that is lost, shows at a client: never with an ErrorInfo. */
const brokenCodes = [Code.Unavailable, Code.Canceled, Code.Aborted, Code.Internal] as const;

export function createNetwork(deps: {
  scheduler: Scheduler;
  luck: SeededRandom;
  history: History;
  weather(): Weather;
  /** The servers of a service; one that is down is undefined. */
  servers(service: string): readonly (SimulatedServer | undefined)[];
  /** No message passes between the two. */
  isCut(from: SimulatedProcess, service: string): boolean;
}): Network {
  const { scheduler, luck, history, weather } = deps;

  const unary = (from: SimulatedProcess, service: string): Transport['unary'] =>
    function call(method, signal, _timeoutMs, header, input) {
      // Copies: the client changes its headers for the next attempt.
      const sent = {
        header: new Headers(header),
        message: toBinary(method.input, create(method.input, input)),
      };
      const label = `${from.name} ${method.name} ${sent.header.get('request-id') ?? ''}`;
      return new Promise((resolve, reject) => {
        let isOver = false;
        function end(how: string, finish: () => void): void {
          if (isOver) return;
          isOver = true;
          signal?.removeEventListener('abort', onAbort);
          history.note(label, how);
          finish();
        }
        const onAbort = () => end('gives up', () => reject(ConnectError.from(signal?.reason, Code.Canceled)));
        if (signal?.aborted) return onAbort();
        signal?.addEventListener('abort', onAbort);

        /** The connection is lost. Half of the time nobody says so, and only the caller's own timer helps. */
        function breakOff(): void {
          if (luck.chance(0.5)) return;
          const code = luck.pick(brokenCodes);
          from.after(brokenMs(luck), () =>
            end(`breaks off ${Code[code]}`, () => reject(new ConnectError('connection lost', code))),
          );
        }

        function arrive(): void {
          const server = luck.pick(deps.servers(service) as [undefined, ...undefined[]]) as
            | SimulatedServer
            | undefined;
          if (!server || deps.isCut(from, service)) {
            breakOff();
            return;
          }
          const { process } = server;
          const stopWatching = process.onDeath(breakOff);
          const aborting = new AbortController();
          process.after(0, () => {
            history.note(label, '→', process.name);
            signal?.addEventListener('abort', () =>
              process.after(messageMs(luck), () =>
                aborting.abort(new ConnectError('the caller gave up', Code.Canceled)),
              ),
            );
            void server.handle(method, sent, aborting.signal).then((answer) => {
              stopWatching();
              const isLost = luck.chance(weather().lost) || deps.isCut(from, service);
              history.note(label, '←', process.name, answer.says, isLost ? '(lost)' : '');
              if (isLost) {
                breakOff();
                return;
              }
              from.after(messageMs(luck), () =>
                end('answered', () => {
                  if (answer.error) return reject(answer.error);
                  const message = fromBinary(method.output, answer.message);
                  resolve({
                    stream: false,
                    service: method.parent,
                    method,
                    header: answer.header,
                    trailer: new Headers(),
                    message,
                  });
                }),
              );
            });
          });
        }

        const copies = luck.chance(weather().doubled) ? 2 : 1;
        for (let copy = 0; copy < copies; copy += 1) {
          const { lost, late } = weather();
          if (luck.chance(lost)) breakOff();
          else scheduler.after(luck.chance(late) ? lateMs(luck) : messageMs(luck), arrive);
        }
      });
    };

  return {
    transport: (from, service) => ({
      unary: unary(from, service),
      stream: () => Promise.reject(new Error('the simulated network carries no streams')),
    }),
  };
}
