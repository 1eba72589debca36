// Lists as Stripe gives them: the newest first, by page, from an instant on.

import { type Answer, ok } from './answers.ts';
import type { Params } from './form.ts';

const pageSizeDefault = 10;
const pageSizeMax = 100;

/** `all`: the newest first. */
export function listOf(
  all: readonly { readonly id: string; readonly created: number }[],
  url: string,
  params: Params,
): Answer {
  const size = Math.min(Number(params.get('limit') ?? pageSizeDefault), pageSizeMax);
  const since = Number(params.get('created[gte]') ?? 0);
  const after = params.get('starting_after');
  const from = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  const rest = all.slice(from).filter(({ created }) => created >= since);
  return ok({ object: 'list', url, has_more: rest.length > size, data: rest.slice(0, size) });
}
