// The points: every named place at which a process of the suite can be struck. Nobody lists them here. They are what the
// services' own failpoints say when a scenario runs, so a new write, step or call is a point from its first day on.

import type { ServiceName } from '../simulation/suite.ts';

export interface Point {
  readonly service: ServiceName;
  /** The failpoint's name, such as `journal.before_insert`. */
  readonly place: string;
  /** What is done there: the types of a write's ops, a step, an RPC. */
  readonly detail: string;
}

/** `request` has come in, `reply` is about to leave; `call` and `ask` go out, to a service and to the card provider. A
 * `step` is what they are sent for. */
export type Kind = 'write' | 'checkpoint' | 'step' | 'call' | 'request' | 'reply' | 'ask' | 'other';

interface Words {
  readonly kind: Kind;
  readonly act: string;
}

/** A failpoint that is not here is a point all the same: of kind `other`, under its own name. */
const words: Readonly<Record<string, Words>> = {
  insert: { kind: 'write', act: 'insert' },
  checkpoint: { kind: 'checkpoint', act: 'checkpoint' },
  step: { kind: 'step', act: 'step' },
  attempt: { kind: 'call', act: 'call' },
  handler: { kind: 'request', act: 'work on' },
  answer: { kind: 'reply', act: 'answer to' },
  provider: { kind: 'step', act: 'ask the provider to' },
  request: { kind: 'ask', act: 'send' },
};

export interface Parts {
  readonly kind: Kind;
  readonly side: 'before' | 'after';
  readonly act: string;
}

export function partsOf({ place }: Pick<Point, 'place'>): Parts {
  const match = /\.(before|after)_(\w+)$/.exec(place);
  if (!match?.[1] || !match[2]) throw new Error(`${place} says neither before nor after what it is`);
  const known = words[match[2]];
  return {
    side: match[1] === 'before' ? 'before' : 'after',
    kind: known?.kind ?? 'other',
    act: known?.act ?? match[2],
  };
}

/** `inventory before insert units-held`: also what a point is compared by. */
export function nameOf(point: Point): string {
  const { side, act } = partsOf(point);
  return `${point.service} ${side} ${act} ${point.detail}`.trimEnd();
}

/** The detail of a failpoint: each thing once, in the order in which it is done. */
export function detailOf(details: readonly string[]): string {
  return [...new Set(details)].join('+');
}
