// The faults: what can go wrong at a point, and the rules by which a fault and a point have nothing to do with each other.

import { type Kind, type Point, partsOf } from './points.ts';

export const faults = ['dies', 'dies, obeyed later', 'answer lost', 'not done', 'too late'] as const;
/**
 * dies: SIGKILL, then it is started again. dies, obeyed later: what it sent out last takes effect when it is dead and
 * somebody else goes on. answer lost: it was done, and nobody hears. not done: it was lost on its way. too late: held up,
 * or on its way, until every deadline is over.
 */
export type Fault = (typeof faults)[number];

/** What happens, as a clause: `inventory dies after insert units-held`. Each point and fault has its own. */
export function clauseOf(point: Point, fault: Fault): string {
  const { side, act, kind } = partsOf(point);
  const thing = `${act} ${point.detail}`.trimEnd();
  return `${point.service} ${verbOf(fault, kind, side, thing)}`;
}

function verbOf(fault: Fault, kind: Kind, side: 'before' | 'after', thing: string): string {
  switch (fault) {
    case 'dies':
      return `dies ${side} ${thing}`;
    case 'dies, obeyed later':
      return `dies at ${thing}, which is done later`;
    case 'answer lost':
      return kind === 'reply' ? `loses its ${thing}` : `does not hear that it did ${thing}`;
    case 'not done':
      return `loses its ${thing}`;
    case 'too late':
      return `is held up past the deadline ${side} ${thing}`;
  }
}

export interface Rule {
  readonly rule: string;
  excludes(fault: Fault, kind: Kind, side: 'before' | 'after'): boolean;
}

const isSent = (kind: Kind) => kind === 'write' || kind === 'checkpoint' || kind === 'call' || kind === 'ask';
const isOfTheWay = (fault: Fault) =>
  fault === 'dies, obeyed later' || fault === 'answer lost' || fault === 'not done';

/** The first one that excludes a combination counts it. */
export const rules: readonly Rule[] = [
  {
    rule: 'nothing happens between a step and the call that it makes: dying at one is dying at the other',
    excludes: (fault, kind) => fault === 'dies' && kind === 'step',
  },
  {
    rule: 'a step and a request that came in send nothing out, so nothing of them can be lost on its way',
    excludes: (fault, kind) => isOfTheWay(fault) && !isSent(kind) && kind !== 'reply',
  },
  {
    rule: 'what is sent can be lost, or outlive its sender, only until it was answered: after it, only the process is left',
    excludes: (fault, _kind, side) => isOfTheWay(fault) && side === 'after',
  },
  {
    rule: 'a reply that is not sent is a reply that is lost, and one that comes after its sender died changes nothing',
    excludes: (fault, kind) => kind === 'reply' && (fault === 'not done' || fault === 'dies, obeyed later'),
  },
  {
    rule: 'the answer to a call between services is the reply of the other one, and is lost there',
    excludes: (fault, kind) => kind === 'call' && fault === 'answer lost',
  },
  {
    rule: 'after a step, a call or an ask the same process comes to its next point: held up here is held up there',
    excludes: (fault, kind, side) => fault === 'too late' && side === 'after' && kind !== 'write',
  },
];

/** The rule by which the fault cannot happen at the point; undefined when it can. */
export function ruleAgainst(point: Point, fault: Fault): string | undefined {
  const { kind, side } = partsOf(point);
  return rules.find((rule) => rule.excludes(fault, kind, side))?.rule;
}
