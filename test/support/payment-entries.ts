// Payment journals as a buggy service might have recorded them, and what the audit says of them.

import { auditParts } from '../../services/payment/audit/audit-parts.ts';
import { paymentRules } from '../../services/payment/domain/rules.ts';
import type { State } from '../../shared/journal/decision.ts';
import type { RecordedOp } from '../../shared/journal/journal.ts';
import { bookedAt } from './payment-books.ts';

export interface Written {
  entity: string;
  type: string;
  data: Record<string, unknown>;
  key?: string;
  refused?: boolean;
  /** Carried instead of what the change gives. */
  carried?: State;
}

/** Entries as a buggy service might have recorded them: the states follow the rules unless a bug says otherwise. */
export function entries(...written: Written[][]): RecordedOp[] {
  const states = new Map<string, State | undefined>();
  return written.flatMap((ops, index) =>
    ops.map(({ entity, type, data, key, refused, carried }): RecordedOp => {
      const state = carried ?? paymentRules.evolve(entity, states.get(entity), { type, data }, bookedAt);
      states.set(entity, state);
      const seq = index + 1;
      const refusal = { reason: 'INSUFFICIENT_FUNDS', message: '', metadata: {} };
      return {
        stream: 's0',
        seq,
        writer: 'buggy/1',
        at: bookedAt,
        entity,
        key: key ?? `key-${seq}`,
        type,
        data,
        outcome: refused ? { succeeded: false, refusal } : { succeeded: true },
        state,
      };
    }),
  );
}

export async function audit(ops: Iterable<RecordedOp>, entitiesMax?: number) {
  const parts = [];
  for await (const part of auditParts(ops, entitiesMax)) parts.push(part);
  const findings = parts.flatMap((part) => part.findings ?? []);
  return {
    parts,
    found: findings.map(({ invariant, entity }) => `${invariant} ${entity}`),
    payments: parts.flatMap((part) => part.payments ?? []),
    summary: parts.at(-1)?.summary,
  };
}
