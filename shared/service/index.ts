// The door of shared/service.

export { type ServiceParts, type ServiceWiring, type StartDeps, startOnJournal } from './start-on-journal.ts';
