import { EventEmitter } from 'node:events';
import type { ServerHttp2Stream } from 'node:http2';
import { expect, test } from 'vitest';
import { createStreamWatch } from '../../shared/rpc/stream-end.ts';
import { silentLog } from '../support/toy-order-server.ts';

const reason = new Error('the server stops');
/** As far as a stream is watched, it is an emitter. */
const aStream = () => new EventEmitter() as ServerHttp2Stream;

test('a caller that leaves ends what is done on its stream, and on no other', () => {
  const streams = createStreamWatch(silentLog);
  const [left, staying] = [aStream(), aStream()];
  const watched = [left, staying].map((stream) => streams.watch(stream));
  left.emit('aborted');
  expect(watched.map(({ signal }) => signal.aborted)).toEqual([true, false]);
  expect(String(watched[0]?.signal.reason)).toContain('the caller has left');
});

test('a stop ends every stream with its reason, those that come later too, and none that was released', () => {
  const streams = createStreamWatch(silentLog);
  const early = Array.from({ length: 100 }, () => streams.watch(aStream()));
  for (const { release } of early.slice(0, 60)) release();
  streams.endAll(reason);
  const ended = [...early, streams.watch(aStream())].filter(({ signal }) => signal.reason === reason);
  expect(ended).toHaveLength(41);
});

test('a broken stream does not end the process', () => {
  const stream = aStream();
  createStreamWatch(silentLog).watch(stream).release();
  expect(stream.emit('error', new Error('broken'))).toBe(true);
});
