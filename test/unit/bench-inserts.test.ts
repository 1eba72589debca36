import { BSON } from 'mongodb';
import { expect, test } from 'vitest';
import { longestChain } from '../../cli/bench/inserts/chains.ts';
import { createInsertLog, isWatchable } from '../../cli/bench/inserts/watcher.ts';
import { createMessageSplitter } from '../../cli/bench/inserts/wire-messages.ts';

function message(number: number, answers: number, command: Record<string, unknown>, opCode = 2013): Buffer {
  const document = BSON.serialize(command);
  const bytes = Buffer.alloc(21 + document.length);
  bytes.writeInt32LE(bytes.length, 0);
  bytes.writeInt32LE(number, 4);
  bytes.writeInt32LE(answers, 8);
  bytes.writeInt32LE(opCode, 12);
  bytes.set(document, 21);
  return bytes;
}

const insert = message(7, 0, { insert: 'journal', documents: [{ _id: 's0#1' }], $db: 'order' });

test('an insert is known by its command, with the collection it goes into', () => {
  const split = createMessageSplitter();
  expect(split(insert)).toEqual([{ number: 7, answers: 0, insertsInto: 'journal' }]);
  expect(split(message(8, 0, { find: 'journal' }))).toEqual([
    { number: 8, answers: 0, insertsInto: undefined },
  ]);
  expect(split(message(9, 7, { ok: 1 }))).toEqual([{ number: 9, answers: 7, insertsInto: undefined }]);
  expect(split(message(10, 0, { insert: 'journal' }, 2004))).toEqual([
    { number: 10, answers: 0, insertsInto: undefined },
  ]);
});

test('messages are found in whatever pieces they come', () => {
  const all = Buffer.concat([insert, message(8, 0, { ping: 1 }), message(9, 0, { insert: 'checkpoints' })]);
  for (let size = 1; size <= all.length; size += 1) {
    const split = createMessageSplitter();
    const found = [];
    for (let at = 0; at < all.length; at += size) found.push(...split(all.subarray(at, at + size)));
    expect(found.map(({ number, insertsInto }) => [number, insertsInto])).toEqual([
      [7, 'journal'],
      [8, undefined],
      [9, 'checkpoints'],
    ]);
  }
});

test('inserts one after the other make a chain, those at the same time count once', () => {
  const log = createInsertLog();
  log.began('order').ended();
  const [one, other] = [log.began('inventory'), log.began('payment')];
  one.ended();
  other.ended();
  log.began('order').ended();
  // Nobody has waited for it yet.
  log.began('order');
  expect(longestChain(log.inserts).map(({ service }) => service)).toEqual(['order', 'inventory', 'order']);
  log.forget();
  expect(longestChain(log.inserts)).toEqual([]);
});

test('the longest of several chains counts, whichever began first', () => {
  const at = (service: string, beganAt: number, endedAt: number) => ({ service, beganAt, endedAt });
  const inserts = [at('slow', 1, 20), at('a', 2, 3), at('b', 4, 5), at('c', 6, 7), at('end', 21, 22)];
  expect(longestChain(inserts).map(({ service }) => service)).toEqual(['a', 'b', 'c', 'end']);
});

test('only one plain server can be watched', () => {
  expect(isWatchable('mongodb://127.0.0.1:27017/?directConnection=true')).toBe(true);
  expect(isWatchable('mongodb://db-1:27017/?replicaSet=rs0')).toBe(true);
  for (const uri of [
    'mongodb+srv://cluster.example/',
    'mongodb://db-1:27017,db-2:27017/',
    'mongodb://user:secret@db-1:27017/',
    'mongodb://db-1:27017/?tls=true',
    'nonsense',
  ]) {
    expect([uri, isWatchable(uri)]).toEqual([uri, false]);
  }
});
