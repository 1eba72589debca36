// What passes through: a Map for what comes and goes all the time, as calls under way do. It knows nothing of what it holds.
//
// A plain Map that lives long keeps garbage alive. Every so many additions V8 gives it a new table; the old one goes on
// pointing to the new one, and to all that it held at that moment. Once one table has come into the old generation, where
// garbage is found only by a full collection, each later one follows it there, and with it whatever was under way when it
// was made: a call's every object, although all of them died young. Here the Map itself is replaced before long, so no
// table of it leads to the next. `node cli/tools/passing.ts` shows the difference.

export interface Passing<K, V> {
  get(key: K): V | undefined;
  has(key: K): boolean;
  set(key: K, value: V): void;
  /** Whether it was there. */
  delete(key: K): boolean;
  size(): number;
  /** What is there now, in the order of coming; to be read at once, because it is another Map before long. */
  all(): ReadonlyMap<K, V>;
}

/** With few there it is copied after so many have gone: several times between two collections, which come after a hundred calls
 * and more, so that no table of it is there for two of them. */
const goneMin = 32;

/** Its limit is its owner's: it holds what is put into it until that is deleted. */
export function createPassing<K, V>(): Passing<K, V> {
  let present = new Map<K, V>();
  let goneCount = 0;
  return {
    get: (key) => present.get(key),
    has: (key) => present.has(key),
    set: (key, value) => void present.set(key, value),
    delete(key) {
      if (!present.delete(key)) return false;
      goneCount += 1;
      // After as many deletions as are left to copy: each costs the same, however many are there.
      if (goneCount >= Math.max(goneMin, present.size)) {
        present = new Map(present);
        goneCount = 0;
      }
      return true;
    },
    size: () => present.size,
    all: () => present,
  };
}
