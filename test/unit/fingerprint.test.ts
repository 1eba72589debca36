import {
  create,
  equals,
  fromBinary,
  fromJson,
  type Message,
  type MessageInitShape,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { StructSchema, UninterpretedOptionSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ErrorInfoSchema } from '../../shared/gen/google/rpc/error_details_pb.ts';
import { PlaceOrderRequestSchema } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import { fingerprintOf } from '../../shared/idempotency/index.ts';

type PlaceOrderInit = Exclude<MessageInitShape<typeof PlaceOrderRequestSchema>, Message>;

/** The fields of a request as a client may build it. */
interface OrderParts {
  paymentSource: NonNullable<PlaceOrderInit['paymentSource']>;
  lines: { sku: string; quantity: number }[];
  totalMax?: { amountMinorUnits: bigint; currency: string };
}

// Few values for each field, so that two drawn messages are often equal or differ in one field only.
const arbitraryOrder: fc.Arbitrary<OrderParts> = fc.record(
  {
    paymentSource: fc.constantFrom(
      { case: undefined },
      { case: 'accountId' as const, value: '' },
      { case: 'accountId' as const, value: 'alice' },
      { case: 'card' as const, value: {} },
      { case: 'card' as const, value: { paymentMethod: 'alice' } },
    ),
    lines: fc.array(
      fc.record({
        sku: fc.constantFrom('', 'tea', 'tea"', 'tea\\', 'té'),
        quantity: fc.constantFrom(0, 1, 11),
      }),
      { maxLength: 2 },
    ),
    totalMax: fc.record({
      amountMinorUnits: fc.constantFrom(0n, 1n, 2n ** 62n),
      currency: fc.constantFrom('', 'EUR'),
    }),
  },
  { requiredKeys: ['paymentSource', 'lines'] },
);

const fingerprintOfOrder = (init: MessageInitShape<typeof PlaceOrderRequestSchema>) =>
  fingerprintOf(PlaceOrderRequestSchema, create(PlaceOrderRequestSchema, init));

test('two messages have one fingerprint if and only if they are equal', () => {
  fc.assert(
    fc.property(arbitraryOrder, arbitraryOrder, (one, other) => {
      const areEqual = equals(
        PlaceOrderRequestSchema,
        create(PlaceOrderRequestSchema, one),
        create(PlaceOrderRequestSchema, other),
      );
      expect(fingerprintOfOrder(one) === fingerprintOfOrder(other)).toBe(areEqual);
    }),
    { numRuns: 1_000 },
  );
});

test('a message keeps its fingerprint through JSON, through binary, and with its fields in any order', () => {
  fc.assert(
    fc.property(arbitraryOrder, fc.constantFrom([0, 1, 2], [2, 1, 0], [1, 2, 0]), (init, order) => {
      const message = create(PlaceOrderRequestSchema, init);
      const encode = (part: MessageInitShape<typeof PlaceOrderRequestSchema>) =>
        toBinary(PlaceOrderRequestSchema, create(PlaceOrderRequestSchema, part));
      const parts = [
        encode({ paymentSource: init.paymentSource }),
        encode({ lines: init.lines }),
        encode(init.totalMax === undefined ? {} : { totalMax: init.totalMax }),
      ];
      const reordered = Buffer.concat(order.map((index) => parts[index] ?? Buffer.alloc(0)));
      const json = toJson(PlaceOrderRequestSchema, message);
      const fingerprint = fingerprintOfOrder(init);
      expect(fingerprintOf(PlaceOrderRequestSchema, fromJson(PlaceOrderRequestSchema, json))).toBe(
        fingerprint,
      );
      expect(fingerprintOf(PlaceOrderRequestSchema, fromBinary(PlaceOrderRequestSchema, reordered))).toBe(
        fingerprint,
      );
    }),
  );
});

test('unknown fields are ignored', () => {
  // Field 99, varint 1: what a newer client may send.
  const bytes = Buffer.from([0x98, 0x06, 0x01]);
  const withUnknown = fromBinary(PlaceOrderRequestSchema, bytes);
  expect(withUnknown.$unknown).toHaveLength(1);
  expect(fingerprintOf(PlaceOrderRequestSchema, withUnknown)).toBe(fingerprintOfOrder({}));
});

test('presence counts: an empty limit is not no limit, an empty account is not no account', () => {
  const all = [{}, { totalMax: {} }, { paymentSource: { case: 'accountId' as const, value: '' } }];
  expect(new Set(all.map(fingerprintOfOrder)).size).toBe(3);
});

test('a map has no order, and its keys and values count', () => {
  const fingerprintOfInfo = (metadata: Record<string, string>) =>
    fingerprintOf(ErrorInfoSchema, create(ErrorInfoSchema, { metadata }));
  expect(fingerprintOfInfo({ a: '1', b: '2', aa: '3' })).toBe(fingerprintOfInfo({ aa: '3', b: '2', a: '1' }));
  const different = [{}, { a: '1' }, { a: '2' }, { b: '1' }, { a: '1', b: '1' }, { 'a":"1","b': '1' }];
  expect(new Set(different.map((metadata) => fingerprintOfInfo(metadata))).size).toBe(different.length);
});

test('every kind of scalar counts, to the last bit', () => {
  const different: MessageInitShape<typeof UninterpretedOptionSchema>[] = [
    {},
    { positiveIntValue: 0n },
    { positiveIntValue: 2n ** 64n - 1n },
    { positiveIntValue: 2n ** 64n - 2n },
    { negativeIntValue: -1n },
    { doubleValue: 0 },
    { doubleValue: -0 },
    { doubleValue: Number.NaN },
    { doubleValue: Number.POSITIVE_INFINITY },
    { doubleValue: 0.1 },
    { doubleValue: 0.1 + Number.EPSILON },
    { stringValue: new Uint8Array() },
    { stringValue: new Uint8Array([0]) },
    { stringValue: new Uint8Array([0, 0]) },
    { identifierValue: '' },
    { identifierValue: '\ud800' },
    { identifierValue: '\ud801' },
    { aggregateValue: 'x' },
    { name: [{ namePart: 'a', isExtension: false }] },
    { name: [{ namePart: 'a', isExtension: true }] },
    {
      name: [
        { namePart: 'a', isExtension: true },
        { namePart: 'b', isExtension: true },
      ],
    },
    {
      name: [
        { namePart: 'b', isExtension: true },
        { namePart: 'a', isExtension: true },
      ],
    },
  ];
  const fingerprints = different.map((init) =>
    fingerprintOf(UninterpretedOptionSchema, create(UninterpretedOptionSchema, init)),
  );
  expect(new Set(fingerprints).size).toBe(different.length);
});

// Recorded fingerprints look like these for ever. If one of them changes, every retry of an old request is refused as
// REQUEST_ID_REUSED: write a version 2 instead, and keep version 1 for what was recorded under it.
test('version 1 is pinned', () => {
  const order = fingerprintOfOrder({
    paymentSource: { case: 'card', value: { paymentMethod: 'pm_1' } },
    lines: [
      { sku: 'tea-1', quantity: 2 },
      { sku: 'café "x"', quantity: 1_000_000 },
    ],
    totalMax: { amountMinorUnits: 9_007_199_254_740_993n, currency: 'EUR' },
  });
  const option = fingerprintOf(
    UninterpretedOptionSchema,
    create(UninterpretedOptionSchema, {
      name: [{ namePart: 'a', isExtension: true }],
      negativeIntValue: -5n,
      doubleValue: -0,
      stringValue: new Uint8Array([0, 255]),
    }),
  );
  const struct = fingerprintOf(StructSchema, fromJson(StructSchema, { b: [1.5, null], a: { c: true } }));
  // Each is SHA-256 of a text written by hand: {} · {2:{1:"pm_1"},3:[{1:"tea-1",2:2},{1:"café \"x\"",2:1000000}],4:{…}}
  // · {2:[{1:"a",2:true}],5:-5,6:-0,7:x00ff} · {1:<"a":{5:{1:<"c":{4:true}>}},"b":{6:{1:[{2:1.5},{1:0}]}}>}
  expect([fingerprintOfOrder({}), order, option, struct]).toEqual([
    '1:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    '1:96d0c58a6bdad45ebbcbf0f871232ce9ed1b4ba543f4b64aec02e67bbdeaa035',
    '1:7bc36ed5abe6cfafe4472636bc10137e58c02dddb0ada6a3419d1007c9001da9',
    '1:18dc308b39b6eb59fe04bef90d65890adc84099c4e75f0a2565fc2cba623f92f',
  ]);
});
