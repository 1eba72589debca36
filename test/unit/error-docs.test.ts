import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { inventoryReasons } from '../../services/inventory/inventory-errors.ts';
import { orderReasons } from '../../services/order/order-errors.ts';
import { paymentReasons } from '../../services/payment/payment-errors.ts';
import { commonReasons, type ReasonCatalogue, reasonOfCode } from '../../shared/rpc/errors.ts';

// docs/errors.md is what a caller looks up at night. A reason that is not there, or stands there with another code, is
// worse than no page.

const catalogues: Readonly<Record<string, ReasonCatalogue>> = {
  'Any RPC': commonReasons,
  Order: orderReasons,
  Inventory: inventoryReasons,
  Payment: paymentReasons,
};

/** In no catalogue: it is answered where it is decided, before anything is recorded. */
const outsideCatalogues = ['CARD_PAYMENTS_UNAVAILABLE'];

/** The rows of each section: reason → code, as written on the page. */
function readSections(): Map<string, Map<string, string>> {
  const page = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const sections = page.split(/^## /m).slice(1);
  return new Map(
    sections.map((section) => {
      const rows = section.matchAll(/^\| ([A-Z][A-Z_]+) \| ([A-Z_]+) \|/gm);
      return [
        section.slice(0, section.indexOf('\n')),
        new Map([...rows].map(([, ...row]) => row as [string, string])),
      ];
    }),
  );
}

test.each(Object.keys(catalogues))('docs/errors.md explains every reason of "%s" with its code', (title) => {
  const rows = readSections().get(title) ?? new Map<string, string>();
  const common = readSections().get('Any RPC') ?? new Map<string, string>();
  for (const [reason, code] of Object.entries(catalogues[title] ?? {})) {
    expect([reason, rows.get(reason) ?? common.get(reason)]).toEqual([reason, reasonOfCode(code)]);
  }
});

test.each(Object.keys(catalogues))(
  'docs/errors.md explains no reason of "%s" that the code does not have',
  (title) => {
    const known = new Set([...Object.keys(catalogues[title] ?? {}), ...outsideCatalogues]);
    const rows = readSections().get(title);
    expect([...(rows?.keys() ?? [])].filter((reason) => !known.has(reason))).toEqual([]);
  },
);
