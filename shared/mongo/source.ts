// What the five places that a database can come from have in common.

import type { Exit } from '../processes/index.ts';

/** The places in the order of search; `uri` is a database that somebody else started. */
export type SourceName = 'uri' | 'docker' | 'mongod' | 'download' | 'secantus';

export interface StartOptions {
  /** Exists, and holds nothing but what the same source left there. */
  readonly dataDir: string;
  readonly logFile: string;
  readonly port: number;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal | undefined;
}

/** A database server that answers. */
export interface RunningDatabase {
  readonly uri: string;
  /** Undefined where the server is no process of this machine (Docker). */
  readonly pid: number | undefined;
  readonly exited: Promise<Exit>;
  stop(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export type Found =
  | { readonly found: true; start(options: StartOptions): Promise<RunningDatabase> }
  /** `why` completes "not used: …". */
  | { readonly found: false; readonly why: string };

export interface SourceContext {
  readonly environment: NodeJS.ProcessEnv;
  /** Where binaries are kept between runs. */
  readonly cacheDir: string;
  /** One line for whoever waits. */
  report(line: string): void;
}

export interface DatabaseSource {
  readonly name: Exclude<SourceName, 'uri'>;
  /** Whether this machine has it. Answers within about three seconds; what takes longer belongs to `start`. */
  find(context: SourceContext): Promise<Found>;
}

/** A server of ours closes its files within this time; a kill afterwards loses nothing that was acknowledged. */
export const databaseGraceMs = 10_000;
