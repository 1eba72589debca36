// Gathers the evidence and asks for the verdict: the services' audits, and the history that was written.

import { ask, NotAuditedError } from '../audit/ask.ts';
import { compare } from '../audit/compare.ts';
import { verdicts } from '../audit/verdicts.ts';
import { checkHistory, type HistoryVerdict } from './check-history.ts';
import { readHistory } from './history/read.ts';
import type { StormOptions } from './options.ts';
import { patiently } from './patiently.ts';
import { recoveryOf } from './phases.ts';
import { type BooksCompared, compareUntilSettled } from './provider/compare.ts';
import type { LoadDone } from './put-load.ts';
import type { Settled } from './settle.ts';
import type { Target } from './target.ts';
import { type Verdict, verdictOf } from './verdict.ts';

/** The provider's clock may be another machine's. */
const clockSkewMsMax = 60_000;

/** Rejects when a service cannot be audited: then nothing can be told. */
export async function judge(parts: {
  readonly options: StormOptions;
  readonly target: Target;
  readonly load: LoadDone;
  readonly settled: Settled;
  readonly historyFile: string;
  readonly startedAt: Date;
}): Promise<{
  readonly verdict: Verdict;
  readonly judged: HistoryVerdict;
  readonly compared: BooksCompared | undefined;
}> {
  const { options, target, load, settled } = parts;
  // An audit that breaks off is asked for again from its beginning.
  const asked = await patiently(() => ask(target.addresses), {
    isPassing: (error) => error instanceof NotAuditedError,
  });
  const comparison = compare(asked.facts);
  const provider = target.provider && {
    payments: await target.provider.books(),
    // Somebody else's provider has other customers.
    isWhole: target.processes !== undefined,
  };
  const { payment, token } = target.addresses;
  const since = new Date(parts.startedAt.getTime() - clockSkewMsMax);
  const compared = provider && (await compareUntilSettled(payment, token, since));
  const judged = await checkHistory(readHistory(parts.historyFile), provider);
  const verdict = verdictOf({
    history: judged,
    compared,
    audit: { lines: verdicts(asked, comparison), asked, comparison },
    settle: settled,
    callerCount: target.callers.length,
    recovery: recoveryOf(load.seconds, load.ceilingPerSecond),
    goals: options.goals,
    latency: load.latency,
    answeredPerSecond: load.answeredPerSecond,
  });
  return { verdict, judged, compared };
}
