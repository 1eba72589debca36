// The path of every call through a server, before and after its handler: who calls, until when, may it run, which
// request is it. The same for a real port and for a simulated network, so that both prove the same code.

import type { DescService } from '@bufbuild/protobuf';
import type { HandlerContext, Interceptor } from '@connectrpc/connect';
import { createRequestIdInterceptor } from '../idempotency/request-id.ts';
import { type Clock, type Failpoints, type Logger, noFailpoints } from '../runtime/index.ts';
import { createAdmission, type ServiceLoad } from './admission.ts';
import type { AdmissionLimits } from './admission-limits.ts';
import type { Authentication } from './authentication.ts';
import { callerKey } from './caller.ts';
import { createDeadlineInterceptor, deadlineKey, durationMsFor } from './deadline.ts';
import { createErrorBoundary } from './error-boundary.ts';
import { fieldInvalid } from './errors.ts';
import type { ServerLimits } from './limits.ts';
import { createTurnAway, type TurnAway } from './turn-away.ts';
import { createValidationInterceptor } from './validation.ts';

export interface CallPath {
  /** Says no to what has no room, cheaper than `identifyCaller` and before it. */
  readonly turnAway: TurnAway;
  /** Authenticates, sets the deadline, looks for room. Before the body is read: what is refused costs no parsing. */
  identifyCaller(context: HandlerContext): void;
  /** The first sees a call first. */
  readonly interceptors: Interceptor[];
}

export interface CallPathDependencies {
  readonly services: readonly DescService[];
  readonly authentication: Authentication;
  readonly limits: ServerLimits;
  readonly admissionLimits?: Partial<AdmissionLimits> | undefined;
  /** What the service tells of its load. Left out: only the fixed limits hold. */
  readonly load?: ServiceLoad | undefined;
  /** Aborts when a stop begins. */
  readonly stopping: AbortSignal;
  readonly clock: Clock;
  readonly log: Logger;
  /** `rpc.before_handler` and `rpc.before_answer`, with the RPC's name as detail. */
  readonly failpoints?: Failpoints | undefined;
  /** The field rules of `services`, for whoever opens many paths: compiling them takes tens of milliseconds. */
  readonly validation?: Interceptor;
}

export function createCallPath(deps: CallPathDependencies): CallPath {
  const { services, authentication, limits, stopping, clock, log, failpoints = noFailpoints } = deps;
  const admission = createAdmission(deps);
  return {
    turnAway: createTurnAway({ admission, authentication }),
    identifyCaller(context) {
      context.values.set(callerKey, authentication.authenticate(context.requestHeader));
      const timeoutMs = context.timeoutMs();
      if (timeoutMs !== undefined && timeoutMs > limits.timeoutMsMax) {
        throw fieldInvalid('timeout', `ask for at most ${limits.timeoutMsMax} ms`);
      }
      context.values.set(deadlineKey, clock.nowMs() + durationMsFor(context.method, timeoutMs, limits));
      admission.checkRoom(context);
    },
    // The boundary is inside deadline and admission, so that a handler that fails after its call was answered still has
    // its bug logged and its place held until it ends.
    interceptors: [
      createDeadlineInterceptor({ clock, stopping }),
      admission.interceptor,
      createErrorBoundary(log),
      createRequestIdInterceptor(),
      deps.validation ?? createValidationInterceptor(services),
      ...(failpoints === noFailpoints ? [] : [createFailpointInterceptor(failpoints)]),
    ],
  };
}

function createFailpointInterceptor(failpoints: Failpoints): Interceptor {
  return (next) => async (req) => {
    await failpoints.reach('rpc.before_handler', [req.method.name]);
    // Before an error too: a refusal is an answer, and can be lost like any other.
    return next(req).finally(() => failpoints.reach('rpc.before_answer', [req.method.name]));
  };
}
