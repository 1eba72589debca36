// The door of shared/mongo: connect to a database, and start one where none is given.

export { connectDatabase, type Database, DatabaseUnreachableError } from './connect.ts';
export { type EmbeddedDatabase, type EmbeddedOptions, startEmbeddedDatabase } from './embedded.ts';
export type { SourceName } from './source.ts';
