// Sabotages of request ids: whose they are, what they stand for, and what a duplicate gets.

import type { Sabotage } from '../sabotage.ts';

export const idempotency: readonly Sabotage[] = [
  {
    name: 'caller-left-out-of-request-key',
    invariant: 'I9',
    file: 'shared/idempotency/derive-id.ts',
    from: 'return `req/${caller}/${rpc}/${requestId}`;',
    to: 'return `req/${rpc}/${requestId}`;',
    caughtBy: ['test/integration/order-callers.test.ts'],
  },
  {
    name: 'rpc-left-out-of-request-key',
    invariant: 'I7',
    file: 'shared/idempotency/derive-id.ts',
    from: 'return `req/${caller}/${rpc}/${requestId}`;',
    to: 'return `req/${caller}/${requestId}`;',
    caughtBy: ['test/unit/idempotency-ids.test.ts'],
  },
  {
    name: 'parts-of-an-id-run-together',
    invariant: 'I9',
    file: 'shared/idempotency/derive-id.ts',
    from: 'hash.update(`${Buffer.byteLength(part)}:${part}`);',
    to: 'hash.update(part);',
    caughtBy: ['test/unit/idempotency-ids.test.ts'],
  },
  {
    name: 'request-id-made-by-the-server',
    invariant: 'I7',
    file: 'shared/idempotency/request-id.ts',
    from: 'const requestId = requestIdFrom(req.header);',
    to: "const requestId = req.header.get('request-id') ?? crypto.randomUUID();",
    caughtBy: ['test/integration/rpc-reasons.test.ts'],
  },
  {
    name: 'field-numbers-left-out-of-fingerprint',
    invariant: 'I7',
    file: 'shared/idempotency/fingerprint.ts',
    from: '`${field.number}:${textOfField(message, field)}`',
    to: 'textOfField(message, field)',
    caughtBy: ['test/unit/fingerprint.test.ts'],
  },
  {
    name: 'duplicates-executed-again',
    invariant: 'I7',
    file: 'shared/idempotency/answer-once.ts',
    from: 'const running = flights.get(id) as Flight<T> | undefined;',
    to: 'const running = undefined as Flight<T> | undefined;',
    caughtBy: ['test/integration/idempotency-answer-once.test.ts'],
  },
  {
    name: 'another-message-joins-the-flight',
    invariant: 'I7',
    file: 'shared/idempotency/answer-once.ts',
    from: 'const id = `${call.key} ${call.fingerprint}`;',
    to: 'const id = call.key;',
    caughtBy: ['test/integration/idempotency-answer-once.test.ts'],
  },
  {
    name: 'replay-not-marked',
    invariant: 'I7',
    file: 'shared/idempotency/answer-once.ts',
    from: 'if (replayed) markReplayed(context);',
    to: '',
    caughtBy: ['test/integration/idempotency-answer-once.test.ts'],
  },
];
