// Errors on the wire: a code, one ErrorInfo whose reason callers branch on, and how to go on. It knows no service.

import { durationFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from '../gen/google/rpc/error_details_pb.ts';
import type { Refusal } from '../journal/decision.ts';

/** A service's own reasons, each with the code it is answered with. */
export type ReasonCatalogue = Readonly<Record<string, Code>>;

/** The reasons that every RPC may answer. Each with its code, written once. */
export const commonReasons = {
  REQUEST_ID_REQUIRED: Code.InvalidArgument,
  REQUEST_ID_MALFORMED: Code.InvalidArgument,
  REQUEST_ID_CONFLICT: Code.InvalidArgument,
  FIELD_INVALID: Code.InvalidArgument,
  REQUEST_ID_REUSED: Code.FailedPrecondition,
  REQUEST_CANCELLED: Code.FailedPrecondition,
  REQUEST_IN_FLIGHT: Code.Unavailable,
  DEPENDENCY_UNAVAILABLE: Code.Unavailable,
  OVERLOADED: Code.ResourceExhausted,
  RATE_LIMITED: Code.ResourceExhausted,
  AUTHENTICATION_REQUIRED: Code.Unauthenticated,
  PERMISSION_REQUIRED: Code.PermissionDenied,
  DEADLINE_EXCEEDED: Code.DeadlineExceeded,
  INTERNAL: Code.Internal,
} as const satisfies ReasonCatalogue;

/** Tells our errors from those of a proxy or a library, which know nothing of outcomes. */
export const errorDomain = 'twicesafe';

/** Response metadata of an answer that was recorded by an earlier call. */
export const replayedHeader = 'idempotency-replayed';

export interface FieldViolation {
  /** As in the proto: `lines[0].quantity`. */
  readonly field: string;
  readonly description: string;
}

export interface Fault {
  readonly reason: string;
  /** One sentence for a person: what was wrong and what would help. */
  readonly message: string;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Present when the same call may be sent again: not before this many milliseconds. */
  readonly retryDelayMs?: number;
  readonly violations?: readonly FieldViolation[];
}

/** An error that a caller can branch on: one ErrorInfo, RetryInfo when it is retryable, BadRequest for bad fields. */
export function rpcError(code: Code, fault: Fault, headers?: Readonly<Record<string, string>>): ConnectError {
  const { reason, message, metadata, retryDelayMs, violations } = fault;
  const details: NonNullable<ConstructorParameters<typeof ConnectError>[3]> = [
    { desc: ErrorInfoSchema, value: { reason, domain: errorDomain, metadata: { ...metadata } } },
  ];
  if (retryDelayMs !== undefined) {
    details.push({ desc: RetryInfoSchema, value: { retryDelay: durationFromMs(retryDelayMs) } });
  }
  if (violations !== undefined) {
    details.push({ desc: BadRequestSchema, value: { fieldViolations: [...violations] } });
  }
  return new ConnectError(message, code, headers, details);
}

/** An error with one of the reasons that every RPC may answer. */
export function commonError(
  reason: keyof typeof commonReasons,
  message: string,
  more: Omit<Fault, 'reason' | 'message'> = {},
): ConnectError {
  return rpcError(commonReasons[reason], { ...more, reason, message });
}

/**
 * A recorded refusal as an error: the same one on every replay. A reason without a code is a bug and throws, which
 * callers see as INTERNAL: unknown, so nobody takes it for a final no.
 */
export function refusalError(catalogue: ReasonCatalogue, refusal: Refusal, replayed: boolean): ConnectError {
  const code = catalogue[refusal.reason] ?? (commonReasons as ReasonCatalogue)[refusal.reason];
  if (code === undefined)
    throw new Error(`no code for the reason ${refusal.reason}: add it to the catalogue`);
  return rpcError(code, refusal, replayed ? { [replayedHeader]: 'true' } : undefined);
}

/** Bad input that only a handler can find, such as a page token that the service did not give. Not recorded. */
export function fieldInvalid(field: string, description: string): ConnectError {
  return fieldsInvalid([{ field, description }]);
}

/** All that is wrong with a request at once, so that it is mended in one go; the message names the first. */
export function fieldsInvalid(violations: readonly [FieldViolation, ...FieldViolation[]]): ConnectError {
  const [first, ...others] = violations;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return commonError('FIELD_INVALID', `${first.field}: ${first.description}${more}`, {
    metadata: { field: first.field },
    violations,
  });
}

/** Marks the answer of this call as recorded by an earlier one. */
export function markReplayed(context: HandlerContext): void {
  context.responseHeader.set(replayedHeader, 'true');
}

/** The reason of an error that brought none: `Code.DeadlineExceeded` → `DEADLINE_EXCEEDED`. */
export function reasonOfCode(code: Code): string {
  return Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
}
