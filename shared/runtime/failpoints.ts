// Failpoints: named places where a test makes a process die, a write get lost, or an answer vanish.
// Production passes `noFailpoints`: a call of an empty function, or not even that on the way of every call.

/**
 * Awaited at the named place. A test's version may throw, wait, or end the process. `details` says what is being
 * done there, such as the types of the ops in a write.
 */
export interface Failpoints {
  reach(name: string, details?: readonly string[]): void | Promise<void>;
}

export const noFailpoints: Failpoints = { reach: () => undefined };

/**
 * Failpoints from the environment, for tests with real processes: `FAILPOINTS=name=exit` ends the process with
 * SIGKILL the first time it reaches the place; `name=exit@3` the third time; `name/detail=exit` only where the place
 * is reached with that detail. Several are separated by commas.
 */
export function failpointsFromEnvironment(value: string | undefined): Failpoints {
  if (!value) return noFailpoints;
  const hitsLeft = new Map<string, number>();
  for (const part of value.split(',')) {
    const match = /^([A-Za-z0-9_.:/-]+)=exit(?:@([1-9][0-9]*))?$/.exec(part.trim());
    if (!match?.[1])
      throw new Error(`FAILPOINTS: "${part}" is not NAME=exit, NAME/DETAIL=exit or NAME=exit@COUNT`);
    hitsLeft.set(match[1], Number(match[2] ?? 1));
  }
  return {
    reach(name, details = []) {
      for (const place of [name, ...new Set(details.map((detail) => `${name}/${detail}`))]) {
        const left = hitsLeft.get(place);
        if (left === undefined) continue;
        hitsLeft.set(place, left - 1);
        // SIGKILL to ourselves: no handler, no flush, exactly what a crash leaves behind.
        if (left === 1) process.kill(process.pid, 'SIGKILL');
      }
    },
  };
}
