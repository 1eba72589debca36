// `twicesafe health <address>`: whether a service serves, for a container's health check.

import { callJson } from './json-call.ts';

/** Returns the exit code: 0 when the service says SERVING, 1 when it says anything else or nothing. */
export async function runHealth(address: string): Promise<number> {
  const health = await callJson({ address, rpc: 'grpc.health.v1.Health/Check', request: {} });
  return health['status'] === 'SERVING' ? 0 : 1;
}
