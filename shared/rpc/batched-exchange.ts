// Batching on the client: calls to one service that are made in the same turn of the event loop go on one HTTP/2 stream.
//
// Nobody waits for company: what is there at the end of the turn goes, and a call that is there alone goes alone. Under
// load a flush of the journal answers tens of orders at once, all of which then call the same service; a stream of its own
// would cost each of them more than all the rest of the call.

import type { Http2SessionManager } from '@connectrpc/connect-node';
import { batchPath, batchType, type CallHead, frameOf } from './batch-frames.ts';
import { type BatchedCall, createBatchInFlight } from './batch-in-flight.ts';
import { batchLimits } from './batch-limits.ts';
import type { Exchange, Outgoing } from './exchange.ts';

export interface BatchedExchangeDependencies {
  readonly session: Pick<Http2SessionManager, 'request'>;
  /** For a call without company, and for a server that knows no batches. */
  readonly alone: Exchange;
  /** The largest answer of one call. */
  readonly readBytesMax: number;
}

interface Gathered extends BatchedCall {
  readonly call: Outgoing;
  readonly frame: Buffer;
}

/** Rejects as `alone` does. A call that gives up is answered to nobody; its stream carries the others on. */
export function createBatchedExchange(deps: BatchedExchangeDependencies): Exchange {
  const { session, alone, readBytesMax } = deps;
  let gathered: Gathered[] = [];
  let gatheredBytes = 0;
  let inFlightCount = 0;
  /** Calls that still go alone, because the server did not know what a batch is. */
  let aloneCount = 0;

  function gather(each: Gathered): void {
    const isFull =
      gathered.length >= batchLimits.callsMax || gatheredBytes + each.frame.byteLength > batchLimits.bytesMax;
    if (isFull || !isOfOneCaller(each)) send();
    gathered.push(each);
    gatheredBytes += each.frame.byteLength;
    if (gathered.length > 1) return;
    const begun = gathered;
    // The turn is over when whatever else it brought has been handled.
    setImmediate(() => {
      if (gathered === begun) send();
    });
  }

  /** A stream has one caller. */
  function isOfOneCaller({ call }: Gathered): boolean {
    const [first = { call }] = gathered;
    return first.call.headers['authorization'] === call.headers['authorization'];
  }

  function send(): void {
    const batch = gathered.filter(isStillWanted);
    gathered = [];
    gatheredBytes = 0;
    if (batch.length > 1 && aloneCount === 0 && inFlightCount < batchLimits.inFlightMax) {
      void sendTogether(batch);
      return;
    }
    aloneCount = Math.max(0, aloneCount - batch.length);
    for (const { call, resolve, reject } of batch) alone(call).then(resolve, reject);
  }

  async function sendTogether(batch: readonly Gathered[]): Promise<void> {
    inFlightCount += 1;
    const inFlight = createBatchInFlight(batch, readBytesMax, {
      onSettled() {
        inFlightCount -= 1;
      },
      onUnknownFormat() {
        aloneCount = batchLimits.aloneAfterRefusal;
      },
    });
    const authorization = batch[0]?.call.headers['authorization'];
    try {
      const headers = { 'content-type': batchType, ...(authorization && { authorization }) };
      const stream = await session.request('POST', batchPath, headers, {});
      inFlight.readFrom(stream);
      stream.end(Buffer.concat(batch.map(({ frame }) => frame)));
    } catch (error) {
      inFlight.fail(error);
    }
  }

  return (call) => {
    // Mostly message: it gains nothing by company, and would fill the batch.
    if (call.body.byteLength > batchLimits.loneBytesMin) return alone(call);
    return new Promise((resolve, reject) => {
      gather({ call, frame: frameOf(headOf(call), call.body), resolve, reject });
    });
  };
}

function headOf({ path, headers }: Outgoing): CallHead {
  if (headers['authorization'] === undefined) return { path, headers };
  const { authorization: _, ...others } = headers;
  return { path, headers: others };
}

function isStillWanted({ call: { signal }, reject }: Gathered): boolean {
  if (!signal?.aborted) return true;
  reject(signal.reason);
  return false;
}
