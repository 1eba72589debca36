// What an error says of a call: a definite refusal, or that the outcome is unknown. Never "failed".

import { durationMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError } from '@connectrpc/connect';
import { ErrorInfoSchema, RetryInfoSchema } from '../gen/google/rpc/error_details_pb.ts';
import type { Refusal } from '../journal/decision.ts';
import { errorDomain, reasonOfCode } from './errors.ts';

export interface Refused {
  readonly answer: 'refused';
  readonly refusal: Refusal;
}

export interface Unknown {
  readonly answer: 'unknown';
  /** The server's reason, or the code's name for an error that no server of ours sent. */
  readonly reason: string;
  readonly cause: unknown;
  /** Whether the same call, sent soon, may be answered otherwise. */
  readonly retryable: boolean;
  /** When the server asked not to be called before. */
  readonly retryDelayMs: number;
}

/** With these codes and our ErrorInfo a server says: decided and recorded, and it is no. */
const definiteCodes = new Set([Code.FailedPrecondition, Code.NotFound, Code.AlreadyExists]);

/**
 * Says what is wrong with this message, and nothing of what an earlier message under the same request id did: it may
 * have been sent before a deployment changed the rules or the message. Taken as a refusal, it would leave a charge.
 */
const saysNothingOfEarlier = new Set<string>(['REQUEST_ID_REUSED']);

/** Somebody has to change something first: a token, a deployment. The outcome of an earlier attempt stays unknown. */
const hopelessCodes = new Set([
  Code.Unauthenticated,
  Code.PermissionDenied,
  Code.Unimplemented,
  Code.InvalidArgument,
  Code.FailedPrecondition,
]);

/**
 * Classifies by who speaks. Only an error with our ErrorInfo was sent by a server that knows; a code alone may come from
 * the transport (a killed server shows as Canceled, Aborted, Internal or Unavailable) or from a proxy on the way.
 */
export function outcomeOf(error: unknown): Refused | Unknown {
  const connectError = ConnectError.from(error);
  const { code, rawMessage } = connectError;
  const info = connectError.findDetails(ErrorInfoSchema).find(({ domain }) => domain === errorDomain);
  if (info !== undefined && definiteCodes.has(code) && !saysNothingOfEarlier.has(info.reason)) {
    return {
      answer: 'refused',
      refusal: { reason: info.reason, message: rawMessage, metadata: info.metadata },
    };
  }
  const [retryInfo] = connectError.findDetails(RetryInfoSchema);
  return {
    answer: 'unknown',
    reason: info?.reason ?? reasonOfCode(code),
    cause: error,
    retryable: !hopelessCodes.has(code),
    retryDelayMs: retryInfo?.retryDelay === undefined ? 0 : durationMs(retryInfo.retryDelay),
  };
}
