// The port to a payment provider: what this service needs of one, and what the provider must promise. Knows no provider.

/** A provider's answer. `unknown` is an answer too: money may have moved, and only `lookup` or a repeat can tell. */
export type GatewayOutcome =
  | { readonly outcome: 'captured' }
  | { readonly outcome: 'declined'; readonly reason: string }
  | { readonly outcome: 'unknown'; readonly cause: unknown };

/** `absent`: the provider never saw the key, and a capture that is still on its way must be expected to arrive. */
export type GatewayLookup = GatewayOutcome | { readonly outcome: 'absent' };

export interface GatewayCapture {
  /** Derived from the payment's entity alone, so that every process and every retry sends the same one. */
  readonly idempotencyKey: string;
  /** The provider's payment method id. */
  readonly paymentMethod: string;
  readonly amountMinorUnits: bigint;
  readonly currency: string;
}

export interface GatewayRefund {
  /** Derived from the payment's entity and the refund's request key. */
  readonly idempotencyKey: string;
  /** The key of the capture that it gives back. */
  readonly captureKey: string;
  readonly amountMinorUnits: bigint;
}

/**
 * Each method may be called again with the same key, by any process, at any time: the money moves once, and a definite
 * answer never changes. None of them throws for a fault of the network or the provider; that is `unknown`. The intent
 * must be recorded before `capture` is called: after a crash the record is all that says there is something to ask about.
 */
export interface PaymentGateway {
  /** False when no provider is configured: card payments are then refused before anything is recorded. */
  readonly available: boolean;
  capture(capture: GatewayCapture, signal: AbortSignal): Promise<GatewayOutcome>;
  refund(refund: GatewayRefund, signal: AbortSignal): Promise<GatewayOutcome>;
  /** What became of a capture. Moves nothing. */
  lookup(captureKey: string, signal: AbortSignal): Promise<GatewayLookup>;
}

/** The gateway of a service without a provider. Calling it is a bug: `available` says not to. */
export function createUnavailableGateway(): PaymentGateway {
  const refuse = () => Promise.reject(new Error('no payment provider is configured'));
  return { available: false, capture: refuse, refund: refuse, lookup: refuse };
}
