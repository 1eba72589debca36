// What came back of one call, in a form in which two answers can be compared, and asking until the answer is definite.
// It judges by the contract's text alone: our own client, which does the same for the services, is under test here too.

import { type CallOptions, Code, ConnectError } from '@connectrpc/connect';
import { ErrorInfoSchema } from '../../shared/gen/google/rpc/error_details_pb.ts';
import { createSystemClock } from '../../shared/runtime/index.ts';

export type Answer<T> =
  | { readonly kind: 'done'; readonly response: T; readonly replayed: boolean }
  | { readonly kind: 'refused'; readonly refusal: Refused; readonly replayed: boolean }
  | { readonly kind: 'unknown'; readonly why: string };

export type Definite<T> = Exclude<Answer<T>, { kind: 'unknown' }>;

/** Everything that a caller can see of a refusal. */
export interface Refused {
  readonly code: string;
  readonly reason: string;
  readonly message: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export type Call<T> = (options: CallOptions) => Promise<T>;

const definiteCodes: readonly Code[] = [
  Code.InvalidArgument,
  Code.FailedPrecondition,
  Code.NotFound,
  Code.AlreadyExists,
];

/** Asks once. Never rejects: no answer is `unknown`, and says why. */
export async function askOnce<T>(
  call: Call<T>,
  requestId?: string,
  options: CallOptions = {},
): Promise<Answer<T>> {
  let replayed = false;
  try {
    const response = await call({
      ...options,
      headers: { ...(requestId === undefined ? {} : { 'request-id': requestId }) },
      onHeader: (headers) => {
        replayed = headers.get('idempotency-replayed') === 'true';
      },
    });
    return { kind: 'done', response, replayed };
  } catch (error) {
    const { code, rawMessage, metadata, ...rest } = ConnectError.from(error);
    const [info] = ConnectError.from(error).findDetails(ErrorInfoSchema);
    if (info?.domain !== 'twicesafe' || !definiteCodes.includes(code)) {
      return { kind: 'unknown', why: `${info?.reason ?? Code[code]}: ${rawMessage} ${rest.cause ?? ''}` };
    }
    return {
      kind: 'refused',
      refusal: {
        code: Code[code],
        reason: info.reason,
        message: rawMessage,
        metadata: { ...info.metadata },
      },
      replayed: metadata.get('idempotency-replayed') === 'true',
    };
  }
}

/** One attempt; a call without a limit of its own can hang for ever on a connection that leads nowhere. */
const attemptMsMax = 5_000;
/** Longer than any outage that a test makes: who waits longer than this hangs, and the test fails. */
const patienceMs = 60_000;
/** Short, so that many retries meet the service in its first moments. */
const pauseMs = 25;

/** Asks again under the same request id until the answer is definite, however often a process dies meanwhile. */
export async function insist<T>(call: Call<T>, requestId?: string): Promise<Definite<T>> {
  const clock = createSystemClock();
  const startedAtMs = clock.nowMs();
  let why = 'never asked';
  while (clock.nowMs() - startedAtMs < patienceMs) {
    const answer = await askOnce(call, requestId, { timeoutMs: attemptMsMax });
    if (answer.kind !== 'unknown') return answer;
    why = answer.why;
    await clock.sleep(pauseMs);
  }
  throw new Error(`${requestId} has no definite answer after ${patienceMs} ms, at last: ${why}`);
}

/** The response of a call that a test rests on. */
export async function done<T>(call: Call<T>, requestId?: string): Promise<T> {
  const answer = await insist(call, requestId);
  if (answer.kind === 'done') return answer.response;
  throw new Error(`${requestId} was refused: ${answer.refusal.reason} ${answer.refusal.message}`);
}

/** The answer without the mark of a replay: equal texts are equal answers, every field of them. */
export function textOf<T>(answer: Answer<T>): string {
  const said =
    answer.kind === 'done' ? answer.response : answer.kind === 'refused' ? answer.refusal : answer.why;
  return `${answer.kind} ${JSON.stringify(said, (_key, value) => (typeof value === 'bigint' ? `${value}n` : value))}`;
}

/** `done`, the reason of a refusal, or why nothing is known: what most tests count. */
export function endOf(answer: Answer<unknown>): string {
  if (answer.kind === 'done') return 'done';
  return answer.kind === 'refused' ? answer.refusal.reason : answer.why;
}

/** How many answers said what, for failures that can be read. */
export function tally(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of texts) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}
