// Asking a service in tests, and saying plainly what came back: the response, or the reason, and whether it is a replay.

import { type CallOptions, ConnectError } from '@connectrpc/connect';
import { BadRequestSchema, ErrorInfoSchema } from '../../shared/gen/google/rpc/error_details_pb.ts';
import { replayedHeader } from '../../shared/rpc/index.ts';

/** What came back of one call. */
export type Told<T> =
  | { readonly response: T; readonly replayed: boolean }
  | {
      readonly reason: string;
      readonly metadata: Record<string, string>;
      readonly fields: string[];
      readonly replayed: boolean;
    };

export async function ask<T>(
  call: (options: CallOptions) => Promise<T>,
  requestId?: string,
): Promise<Told<T>> {
  let replayed = false;
  const options: CallOptions = {
    headers: requestId === undefined ? {} : { 'request-id': requestId },
    onHeader: (headers) => {
      replayed = headers.get(replayedHeader) === 'true';
    },
  };
  try {
    const response = await call(options);
    return { response, replayed };
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    const [info] = error.findDetails(ErrorInfoSchema);
    const fields = error
      .findDetails(BadRequestSchema)
      .flatMap((bad) => bad.fieldViolations.map(({ field }) => field));
    return {
      reason: info?.reason ?? error.message,
      metadata: { ...info?.metadata },
      fields,
      replayed: error.metadata.get(replayedHeader) === 'true',
    };
  }
}

/** What a test rests on must have happened, or its own expectation could be met by accident. */
export async function done<T>(told: Promise<Told<T>>): Promise<T> {
  const answer = await told;
  if ('response' in answer) return answer.response;
  throw new Error(`the test could not begin: ${answer.reason} ${answer.fields}`);
}
