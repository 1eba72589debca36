// What an answer from the wire says: done, refused, or nothing known. It follows the contract's text alone and shares no
// code with the services' own client, which does the same for them and is under test here too.

import { hash } from 'node:crypto';
import {
  type DescMessage,
  type DescMethodUnary,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { ErrorInfoSchema } from '../../../shared/gen/google/rpc/error_details_pb.ts';
import type { WireAnswer } from './wire.ts';

export type Answer<T> =
  | { readonly outcome: 'done'; readonly response: T; readonly replayed: boolean; readonly hash: string }
  | {
      readonly outcome: 'refused';
      readonly reason: string;
      readonly metadata: Readonly<Record<string, string>>;
      readonly replayed: boolean;
      readonly hash: string;
    }
  | { readonly outcome: 'unknown'; readonly reason: string };

/** With these codes and the services' ErrorInfo a server says: decided, and it is no. */
const definiteCodes: readonly unknown[] = [
  'invalid_argument',
  'failed_precondition',
  'not_found',
  'already_exists',
];

export function readAnswer<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  answer: WireAnswer,
): Answer<MessageShape<O>> {
  if (answer.lost) return { outcome: 'unknown', reason: answer.why.replaceAll(' ', '_').toUpperCase() };
  const { status, replayed, body } = answer;
  if (status === 200) {
    try {
      const response = fromBinary(method.output, body);
      // Hashed after a round trip: fields in their order, so that only what they say can make two answers differ.
      return { outcome: 'done', response, replayed, hash: hashOf(toBinary(method.output, response)) };
    } catch {
      return { outcome: 'unknown', reason: 'UNREADABLE' };
    }
  }
  return readError(body, replayed);
}

interface ConnectErrorJson {
  readonly code?: unknown;
  readonly message?: unknown;
  readonly details?: readonly { readonly type: string; readonly value: string }[];
}

function readError(body: Buffer, replayed: boolean): Answer<never> {
  let error: ConnectErrorJson;
  try {
    error = JSON.parse(body.toString('utf8')) as ConnectErrorJson;
  } catch {
    // Whoever wrote this, it was none of the services.
    return { outcome: 'unknown', reason: 'UNREADABLE' };
  }
  const detail = error.details?.find(({ type }) => type === ErrorInfoSchema.typeName);
  const info = detail && fromBinary(ErrorInfoSchema, Buffer.from(detail.value, 'base64'));
  if (info?.domain !== 'twicesafe' || !definiteCodes.includes(error.code)) {
    return { outcome: 'unknown', reason: info?.reason ?? String(error.code ?? 'UNREADABLE').toUpperCase() };
  }
  const metadata = Object.fromEntries(
    Object.entries(info.metadata).sort(([one], [other]) => (one < other ? -1 : 1)),
  );
  return {
    outcome: 'refused',
    reason: info.reason,
    metadata,
    replayed,
    hash: hashOf(JSON.stringify([error.code, info.reason, error.message, metadata])),
  };
}

/** Short enough for a line of the history; two of a million different answers share one with a chance of 10^-8. */
const hashLength = 16;

export function hashOf(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex').slice(0, hashLength);
}
