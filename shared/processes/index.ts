// The door of shared/processes: server processes as children, whose they are, and free ports. For cli and tests.

export { type Child, type ChildCommand, type Exit, sayHowItEnded, startChild } from './child.ts';
export { endLeftover, forgetChild, InUseError, recordChild } from './ownership.ts';
export { freePort, isPortFree } from './port.ts';
