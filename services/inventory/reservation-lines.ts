// The lines of a request about a reservation, with the check that the proto's rules cannot express.

import type { Line as LineMessage } from '../../shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { fieldInvalid } from '../../shared/rpc/index.ts';
import type { Line } from './domain/reservation-state.ts';

/** Each SKU once: a line's moves are found by it. */
export function checkedLines(messages: readonly LineMessage[]): readonly Line[] {
  const seen = new Set<string>();
  return messages.map(({ sku, quantity }, index) => {
    if (seen.has(sku)) throw fieldInvalid(`lines[${index}].sku`, `${sku} is in another line already`);
    seen.add(sku);
    return { sku, quantity };
  });
}
