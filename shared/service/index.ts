// The door of shared/service.

export { type ServiceParts, type ServiceWiring, startOnJournal } from './start-on-journal.ts';
