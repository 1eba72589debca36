import { expect, test } from 'vitest';
import { encodeGrpcMessage } from '../../shared/rpc/grpc-message.ts';

test('an error’s text keeps its punctuation, which some clients would not decode', () => {
  expect(encodeGrpcMessage("no item tea-1; put it first: -H 'request-id: <uuid>'")).toBe(
    "no item tea-1; put it first: -H 'request-id: <uuid>'",
  );
});

test('what a header cannot carry is percent-encoded, and so is the percent sign', () => {
  expect(encodeGrpcMessage('100 % größer\n')).toBe('100 %25 gr%C3%B6%C3%9Fer%0A');
});
