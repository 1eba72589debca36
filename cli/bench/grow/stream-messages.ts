// What is asked of the process that works on a short and on a long stream, and what it is told.

import type { Counted } from '../latencies.ts';
import type { Window } from '../window.ts';
import type { StreamTask } from './grown.ts';

export interface StreamSetup {
  readonly databaseUri: string;
  readonly databasePrefix: string;
}

export type StreamQuestion =
  /** Append so many entries to the long stream, each with one op. */
  | { readonly do: 'fill'; readonly entries: number }
  /** Open it for the first time, without a checkpoint; write one; and open it again as a service does. */
  | { readonly do: 'open' }
  /** One operation after the other. A short stream is a new one each time, of ten entries. */
  | {
      readonly do: 'task';
      readonly task: StreamTask;
      readonly stream: 'short' | 'long';
      readonly window: Window;
    };

export interface StreamAnswer {
  readonly tookMs: number;
  readonly counted: Counted;
}
