// Audits what was measured: numbers of a suite whose books are wrong are no numbers.

import { ask } from '../audit/ask.ts';
import { compare } from '../audit/compare.ts';
import { verdicts } from '../audit/verdicts.ts';
import type { Audited } from './audited.ts';
import type { Site } from './site.ts';

/** An audit keeps some KiB of each order in memory, in the services and here. */
const auditedOrdersMax = 200_000;

/** `orders`: about how many there are. */
export async function auditOf(site: Site, orders: number): Promise<Audited> {
  if (orders > auditedOrdersMax) return { asked: false };
  const asked = await ask(site.addresses);
  const comparison = compare(asked.facts);
  const lines = verdicts(asked, comparison).map(({ invariant, verdict }) => [invariant, verdict] as const);
  return {
    asked: true,
    verdicts: Object.fromEntries(lines),
    findings: asked.findings.length + comparison.findings.length,
    orders: asked.facts.ordersAfter.size,
  };
}
