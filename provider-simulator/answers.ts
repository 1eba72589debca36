// Answers in the shape of Stripe's: a status and a JSON body.

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export const ok = (body: Readonly<Record<string, unknown>>): Answer => ({ status: 200, body });

export interface StripeError {
  readonly type:
    | 'api_error'
    | 'card_error'
    | 'idempotency_error'
    | 'invalid_request_error'
    | 'rate_limit_error';
  readonly message: string;
  readonly code?: string;
  readonly decline_code?: string;
  readonly param?: string;
  readonly payment_intent?: unknown;
}

export const refusal = (status: number, error: StripeError): Answer => ({ status, body: { error } });

export const invalid = (message: string, more: Partial<StripeError> = {}): Answer =>
  refusal(400, { type: 'invalid_request_error', message, ...more });

export const missing = (what: string): Answer =>
  refusal(404, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    param: 'id',
    message: `No such ${what}`,
  });

export const brokenDown = (): Answer =>
  refusal(500, { type: 'api_error', message: 'An unknown error occurred (simulated)' });
