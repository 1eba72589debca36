// The door of shared/runtime: clock, randomness, log, failpoints, shutdown.

export { type Clock, createSystemClock } from './clock.ts';
export { type Failpoints, failpointsFromEnvironment, noFailpoints } from './failpoints.ts';
export { createLog, type Logger } from './log.ts';
export { createSystemRandom, type Random } from './random.ts';
export { createShutdown, type Shutdown, stopDurationMsMax, stopOnSignals } from './shutdown.ts';
