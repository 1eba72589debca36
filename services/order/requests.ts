// Checks of a request's fields that the proto's own rules cannot express.

import { fieldInvalid } from '../../shared/rpc/index.ts';

export function requireDistinctSkus(lines: readonly { readonly sku: string }[]): void {
  const seen = new Set<string>();
  for (const [index, { sku }] of lines.entries()) {
    if (seen.has(sku)) {
      throw fieldInvalid(
        `lines[${index}].sku`,
        `${sku} stands in an earlier line: put both quantities into one`,
      );
    }
    seen.add(sku);
  }
}
