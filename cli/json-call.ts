// One unary call with JSON over HTTP/1.1, the Connect protocol at its plainest: for health, demo items, and nothing that
// needs more. It is also a proof that a service can be used without any library of ours.

export interface JsonCall {
  /** `http://127.0.0.1:7001` */
  readonly address: string;
  /** `twicesafe.order.v1.OrderService/PlaceOrder` */
  readonly rpc: string;
  readonly request: object;
  readonly requestId?: string;
  readonly token?: string | undefined;
}

/** No answer, or one that says that asking again may help. */
export class NotAnsweredError extends Error {}

/** On loopback an answer takes milliseconds; a service that was just killed takes its next start. */
const callDurationMsMax = 5_000;

/** Resolves to the response message, or `{ refusal }` with the text of a definite error. */
export async function callJson(call: JsonCall): Promise<Record<string, unknown> & { refusal?: string }> {
  let response: Response;
  let body: Record<string, unknown>;
  try {
    response = await fetch(`${call.address}/${call.rpc}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(call.requestId ? { 'request-id': call.requestId } : {}),
        ...(call.token ? { authorization: `Bearer ${call.token}` } : {}),
      },
      body: JSON.stringify(call.request),
      signal: AbortSignal.timeout(callDurationMsMax),
    });
    body = (await response.json()) as Record<string, unknown>;
  } catch (error) {
    throw new NotAnsweredError(`${call.rpc} at ${call.address} was not answered`, { cause: error });
  }
  if (response.ok) return body;
  const text = `${call.rpc} answered ${body['code']}: ${body['message']}`;
  if (body['code'] === 'unavailable' || body['code'] === 'resource_exhausted')
    throw new NotAnsweredError(text);
  return { refusal: text };
}
