// The door of shared/idempotency: request ids, fingerprints, derived ids, and answering a request once.

export { type Answer, type Answering, createAnswering } from './answer-once.ts';
export { deriveId, requestKey } from './derive-id.ts';
export { fingerprintOf } from './fingerprint.ts';
export { type IdempotentCall, idempotentCallOf } from './request-id.ts';
