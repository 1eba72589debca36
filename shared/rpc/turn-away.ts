// Turns calls away at the door while there is no room: by their headers alone, before anything is made for them, with an
// answer that was encoded before. What it lets through meets the same rule again inside.
//
// Who is refused costs a process what it needs for those it admitted: at three times the ceiling two of three calls. As an
// error with a stack, Fetch headers and JSON a refusal took 73 µs of the server, so it takes about half (docs/overload.md).

import type { IncomingHttpHeaders } from 'node:http2';
import type { DescMethod } from '@bufbuild/protobuf';
import type { Admission } from './admission.ts';
import type { Authentication } from './authentication.ts';
import { overloadedError } from './overloaded.ts';
import { encodeRefusal, type WireRefusal } from './wire-refusal.ts';

/** Refused: how. Undefined: there is room, or it is not ours to say no, as for a caller without a valid token. */
export type TurnAway = (method: DescMethod, headers: IncomingHttpHeaders) => WireRefusal | undefined;

/** Answers kept, one for each delay that is told: four times the delays of a moment (overloaded.ts), which change with the load. */
const encodedMax = 512;

export function createTurnAway(deps: {
  readonly admission: Pick<Admission, 'isCrowded' | 'delayOfRefusal'>;
  readonly authentication: Pick<Authentication, 'recognise'>;
}): TurnAway {
  const { admission, authentication } = deps;
  const encoded = new Map<number, WireRefusal>();

  function encodedFor(delayMs: number): WireRefusal {
    const known = encoded.get(delayMs);
    if (known) return known;
    if (encoded.size >= encodedMax) encoded.clear();
    const refusal = encodeRefusal(overloadedError(delayMs));
    encoded.set(delayMs, refusal);
    return refusal;
  }

  return (method, headers) => {
    if (!admission.isCrowded()) return undefined;
    const caller = authentication.recognise(textOf(headers.authorization));
    if (!caller) return undefined;
    const requestId = textOf(headers['request-id']) ?? textOf(headers['idempotency-key']);
    const delayMs = admission.delayOfRefusal({ method, caller, requestId });
    return delayMs === undefined ? undefined : encodedFor(delayMs);
  };
}

function textOf(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
