// The door of shared/rpc: the server, the client, their errors, and who calls.

export type { ServiceLoad } from './admission.ts';
export { type AdmissionLimits, defaultAdmissionLimits } from './admission-limits.ts';
export { type Authentication, authenticationFrom } from './authentication.ts';
export { type CallPath, type CallPathDependencies, createCallPath } from './call-path.ts';
export { type Caller, callerOf, requireOperator } from './caller.ts';
export {
  type CallAnswer,
  type CallOptions,
  createServiceClient,
  type ServiceClient,
  type ServiceClientDependencies,
} from './client.ts';
export type { Connections } from './connection.ts';
export { deadlineOf, inFlightError } from './deadline.ts';
export {
  type Fault,
  type FieldViolation,
  fieldInvalid,
  type ReasonCatalogue,
  refusalError,
  replayedHeader,
  rpcError,
} from './errors.ts';
export { defaultServerLimits, type ServerLimits } from './limits.ts';
export { createRefusals } from './overloaded.ts';
export type { SagaRpcs } from './precedence.ts';
export { createPushback, type Pushback } from './pushback.ts';
export { createRetryBudget, type RetryBudget } from './retry-budget.ts';
export { type RpcServer, type RpcServerOptions, startRpcServer } from './server.ts';
export { createTurnAway } from './turn-away.ts';
