// The scheduler: the one order in which everything happens. It knows no service: it has a time and a list of what is
// due. Nothing in a simulation waits for the machine; whatever would, is an event here.

export interface Scheduler {
  /** The true time, which no process sees: each has a clock of its own. */
  nowMs(): number;
  /** Lets `fire` happen after `delayMs`. Events of one moment happen in the order in which they were scheduled. */
  after(delayMs: number, fire: () => void): void;
  /** Lets events happen until `isOver`, looked at between them. Throws when nothing is left, or after `eventsMax`. */
  runUntil(isOver: () => boolean): Promise<void>;
  readonly eventCount: number;
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A run has some thousands of events; so many are a loop that never ends. */
const eventsMax = 400_000;
/** Now and then whoever runs the simulation gets a turn of the real event loop: a turn for each event costs a fifth. */
const eventsPerTurn = 2_000;

export function createScheduler(startMs: number): Scheduler {
  const heap: Event[] = [];
  let nowMs = startMs;
  let orderCount = 0;
  let eventCount = 0;

  const isSooner = (a: Event, b: Event) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

  function push(event: Event): void {
    let index = heap.length;
    heap.push(event);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (!above || isSooner(above, event)) break;
      heap[index] = above;
      heap[parent] = event;
      index = parent;
    }
  }

  function pop(): Event | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      const left = heap[2 * index + 1];
      const right = heap[2 * index + 2];
      const below = right && left && isSooner(right, left) ? 2 * index + 2 : 2 * index + 1;
      const child = heap[below];
      if (!child || isSooner(last, child)) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = last;
    return first;
  }

  return {
    nowMs: () => nowMs,
    after(delayMs, fire) {
      orderCount += 1;
      push({ atMs: nowMs + Math.max(0, delayMs), order: orderCount, fire });
    },
    async runUntil(isOver) {
      await everythingThatCanGoOn();
      while (!isOver()) {
        const event = pop();
        if (!event) throw new Error('nothing is left to happen, and it is not over');
        eventCount += 1;
        if (eventCount > eventsMax) throw new Error(`more than ${eventsMax} events: something never ends`);
        if (eventCount % eventsPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
        nowMs = event.atMs;
        event.fire();
        await everythingThatCanGoOn();
      }
    },
    get eventCount() {
      return eventCount;
    },
  };
}

/**
 * All promises that can settle have settled, and whatever waits, waits for an event. Node runs what `nextTick` was given
 * when its queue of microtasks is empty, so this needs no time and depends on none. Twice, with a microtask between: what
 * another tick of the first round has set going has gone on, too.
 */
function everythingThatCanGoOn(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(() => queueMicrotask(() => process.nextTick(resolve)));
  });
}
