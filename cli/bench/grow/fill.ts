// Fills the journals of a site whose services are stopped: orders appended as the services append them, many at once.

import type { BareAnswer, BareQuestion, BareSetup } from '../bare/messages.ts';
import { startPart } from '../part.ts';
import type { Site } from '../site.ts';

/** As many as a busy service has: with more the entries would be larger, and fewer, than services leave them. */
const inFlight = 128;
/** Said after each, so that whoever waits sees it move. */
const portion = 10_000;

/** Returns how many seconds it took. */
export async function fillJournals(
  site: Site,
  orders: number,
  moved: (done: number, perSecond: number) => void,
): Promise<number> {
  const setup: BareSetup = {
    databaseUri: site.databaseUri,
    databasePrefix: site.databasePrefix,
    putsGoods: false,
  };
  const file = new URL('../bare/process.ts', import.meta.url);
  const part = await startPart<BareQuestion, BareAnswer>(file, setup);
  const beganAtMs = performance.now();
  try {
    for (let done = 0; done < orders; ) {
      const count = Math.min(portion, orders - done);
      const portionAtMs = performance.now();
      await part.ask({ inFlight: Math.min(inFlight, count), limit: { orders: count } });
      done += count;
      moved(done, (count * 1_000) / (performance.now() - portionAtMs));
    }
  } finally {
    await part.stop();
  }
  return (performance.now() - beganAtMs) / 1_000;
}
