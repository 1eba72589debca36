// grpc.health.v1: whether this server wants calls. It knows nothing of why.

import { Code, ConnectError, type ServiceImpl } from '@connectrpc/connect';
import { type Health, HealthCheckResponse_ServingStatus as Status } from '../gen/grpc/health/v1/health_pb.ts';

export interface HealthState {
  readonly implementation: ServiceImpl<typeof Health>;
  setServing(serving: boolean): void;
}

/** NOT_SERVING for every service and for "" until `setServing(true)`. */
export function createHealth(serviceNames: readonly string[]): HealthState {
  const known = new Set(['', ...serviceNames]);
  let status: Status = Status.NOT_SERVING;
  let change = Promise.withResolvers<void>();
  return {
    setServing(serving) {
      status = serving ? Status.SERVING : Status.NOT_SERVING;
      change.resolve();
      change = Promise.withResolvers<void>();
    },
    implementation: {
      check({ service }) {
        if (!known.has(service)) throw new ConnectError(`no service ${service} here`, Code.NotFound);
        return { status };
      },
      async *watch({ service }, context) {
        const cut = Promise.withResolvers<never>();
        cut.promise.catch(() => undefined);
        context.signal.addEventListener('abort', () => cut.reject(ConnectError.from(context.signal.reason)));
        for (let last: Status | undefined; ; ) {
          // Taken before the status is read, so that no change falls between the two.
          const changed = change.promise;
          const now = known.has(service) ? status : Status.SERVICE_UNKNOWN;
          if (now !== last) yield { status: now };
          last = now;
          await Promise.race([changed, cut.promise]);
        }
      },
    },
  };
}
