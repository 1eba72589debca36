// The error boundary: what a handler throws becomes what a caller may see. Bugs are logged, and hidden.

import {
  Code,
  ConnectError,
  type Interceptor,
  type StreamRequest,
  type UnaryRequest,
} from '@connectrpc/connect';
import { JournalUnavailableError, KeyReusedError, PageTokenError } from '../journal/journal.ts';
import type { Logger } from '../runtime/index.ts';
import { callerKey } from './caller.ts';
import { commonError, fieldInvalid, reasonOfCode, rpcError } from './errors.ts';
import { retryDelays } from './limits.ts';

/** The error for a caller when `error` is one that the journal promises; undefined for anything else. */
export function journalError(error: unknown): ConnectError | undefined {
  if (error instanceof KeyReusedError) {
    return commonError(
      'REQUEST_ID_REUSED',
      'this request id was used before with another message: a new request needs a new id',
    );
  }
  if (error instanceof JournalUnavailableError) {
    return commonError(
      'DEPENDENCY_UNAVAILABLE',
      'the database did not answer in time: send the same request again',
      {
        retryDelayMs: retryDelays.dependencyMs,
      },
    );
  }
  if (error instanceof PageTokenError) {
    return fieldInvalid('page_token', 'is not one that this service gave: leave it empty for the first page');
  }
  return undefined;
}

/** Whatever is not meant for callers becomes INTERNAL with a fixed text: an unknown outcome, never a refusal. */
export function createErrorBoundary(log: Logger): Interceptor {
  return (next) => async (req) => {
    try {
      const response = await next(req);
      return response.stream ? { ...response, message: guarded(response.message, req, log) } : response;
    } catch (error) {
      throw errorForCaller(error, req, log);
    }
  };
}

type AnyRequest = UnaryRequest | StreamRequest;

async function* guarded<T>(messages: AsyncIterable<T>, req: AnyRequest, log: Logger): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw errorForCaller(error, req, log);
  }
}

function errorForCaller(error: unknown, req: AnyRequest, log: Logger): ConnectError {
  if (error instanceof ConnectError) return withErrorInfo(error);
  const known = journalError(error);
  const call = {
    err: error,
    rpc: req.method.name,
    caller: req.contextValues.get(callerKey)?.name,
    requestId: req.header.get('request-id') ?? req.header.get('idempotency-key') ?? undefined,
  };
  if (known !== undefined) {
    log.debug(call, 'answered with a known error');
    return known;
  }
  // A handler that stops because its caller left is no bug, and nobody reads what it answers.
  if (req.signal.aborted && error === req.signal.reason) return ConnectError.from(error, Code.Canceled);
  log.error(call, 'a bug: answered INTERNAL');
  return commonError('INTERNAL', 'internal error: what happened is unknown, send the same request again');
}

/** Connect's own errors, such as UNIMPLEMENTED, get a reason too: the code's name. */
function withErrorInfo(error: ConnectError): ConnectError {
  if (error.details.length > 0) return error;
  return rpcError(error.code, { reason: reasonOfCode(error.code), message: error.rawMessage });
}
