// The door of shared/runtime: clock, randomness, log, failpoints, shutdown, a service's settings and its process.

export { type Clock, createSystemClock } from './clock.ts';
export { createEventLoopDelay, type EventLoopDelay } from './event-loop-delay.ts';
export { type Failpoints, failpointsFromEnvironment, noFailpoints } from './failpoints.ts';
export { createLog, type Logger } from './log.ts';
export { createPassing, type Passing } from './passing.ts';
export { createSystemRandom, type Random } from './random.ts';
export { type RunningService, runService, type ServiceDeps } from './run-service.ts';
export { OperatorError, type ServiceConfig, type ServiceNames, serviceConfig } from './service-config.ts';
export { createShutdown, type Shutdown, stopDurationMsMax, stopOnSignals } from './shutdown.ts';
