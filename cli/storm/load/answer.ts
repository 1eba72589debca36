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
import { durationMs } from '@bufbuild/protobuf/wkt';
import { ErrorInfoSchema, RetryInfoSchema } from '../../../shared/gen/google/rpc/error_details_pb.ts';
import type { WireAnswer } from '../../wire.ts';

export type Answer<T> =
  | { readonly outcome: 'done'; readonly response: T; readonly replayed: boolean; readonly hash: string }
  | {
      readonly outcome: 'refused';
      readonly reason: string;
      readonly metadata: Readonly<Record<string, string>>;
      readonly replayed: boolean;
      readonly hash: string;
    }
  /** `retryDelayMs`: what the server asks for (RetryInfo); 0 when it does not. */
  | { readonly outcome: 'unknown'; readonly reason: string; readonly retryDelayMs: number };

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
  if (answer.lost) return unknown(answer.why.replaceAll(' ', '_').toUpperCase());
  const { status, replayed, body } = answer;
  if (status === 200) {
    try {
      const response = fromBinary(method.output, body);
      // Hashed after a round trip: fields in their order, so that only what they say can make two answers differ.
      return { outcome: 'done', response, replayed, hash: hashOf(toBinary(method.output, response)) };
    } catch {
      return unknown('UNREADABLE');
    }
  }
  return readError(body, replayed);
}

function unknown(reason: string, retryDelayMs = 0): Answer<never> {
  return { outcome: 'unknown', reason, retryDelayMs };
}

function detailOf<T extends DescMessage>(
  schema: T,
  { details }: ConnectErrorJson,
): MessageShape<T> | undefined {
  const detail = details?.find(({ type }) => type === schema.typeName);
  return detail && fromBinary(schema, Buffer.from(detail.value, 'base64'));
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
    return unknown('UNREADABLE');
  }
  const info = detailOf(ErrorInfoSchema, error);
  if (info?.domain !== 'twicesafe' || !definiteCodes.includes(error.code)) {
    const delay = detailOf(RetryInfoSchema, error)?.retryDelay;
    const reason = info?.reason ?? String(error.code ?? 'UNREADABLE').toUpperCase();
    return unknown(reason, delay ? durationMs(delay) : 0);
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
