// Form-encoded parameters as Stripe writes them: `metadata[charge]=x`, `payment_method_types[0]=card`. Flat, in their
// written names: the simulator needs no more structure than that.

export type Params = ReadonlyMap<string, string>;

export function parseForm(text: string): Params {
  return new Map(new URLSearchParams(text));
}

/** The members of a hash parameter: `metadata[charge]=x` gives `charge: x`. */
export function membersOf(params: Params, name: string): Record<string, string> {
  const members: Record<string, string> = {};
  for (const [key, value] of params) {
    if (key.startsWith(`${name}[`) && key.endsWith(']')) members[key.slice(name.length + 1, -1)] = value;
  }
  return members;
}

/** Equal for requests that ask for the same, in whichever order they say it. */
export function canonical(params: Params): string {
  return JSON.stringify([...params].sort(([a], [b]) => (a < b ? -1 : 1)));
}
