// Makes one call and writes it down. Every call of a storm goes through here, so the history is whole.

import { setTimeout as sleep } from 'node:timers/promises';
import { openWire, type Wire } from '../../wire.ts';
import type { HistoryLine, Phase, ToldFacts } from '../history/line.ts';
import type { HistoryWriter } from '../history/write.ts';
import type { Path, Send } from '../plan.ts';
import type { Answer } from './answer.ts';
import type { Call } from './calls.ts';
import type { StormClock } from './clock.ts';
import type { CallerIdentity, Counts, Instance } from './messages.ts';

export interface Sending {
  readonly call: Call;
  readonly send: Send;
  /** Empty for a read. */
  readonly requestId: string;
  readonly caller: CallerIdentity;
  readonly attempt: number;
  readonly phase: Phase;
}

export interface Sent {
  readonly answer: Answer<unknown>;
  readonly told: ToldFacts | undefined;
}

export interface Sender {
  send(sending: Sending): Promise<Sent>;
  /** Asks until the answer is definite, patiently and straight, or until the time is over. */
  insist(
    sending: Omit<Sending, 'send' | 'attempt'> & { readonly attempt?: number },
    untilMs: number,
  ): Promise<Sent>;
  close(): void;
}

/** The server answers at its deadline; this much later it has had its chance. */
const serverMarginMs = 200;

/** Who insists has time: it asks again when a process that was killed is likely to be back. */
const insistTimeoutMs = 3_000;
const insistPauseMs = { first: 20, max: 500 };

export function createSender(deps: {
  readonly instances: readonly Instance[];
  readonly history: HistoryWriter;
  readonly clock: StormClock;
  readonly counts: () => Counts;
}): Sender {
  const { instances, history, clock, counts } = deps;
  const wires = new Map<string, Wire>();

  function wireTo(instance: Instance, path: Path): Wire {
    const address = instance.addresses[path];
    const wire = wires.get(address) ?? openWire(address);
    wires.set(address, wire);
    return wire;
  }

  function instanceFor(call: Call, fraction: number): Instance {
    const able = instances.filter(({ service }) => service === call.service);
    const instance = able[Math.floor(fraction * able.length)] ?? able[0];
    if (!instance) throw new Error(`a storm needs a process of the ${call.service} service`);
    return instance;
  }

  async function send(sending: Sending): Promise<Sent> {
    const { call, requestId, caller, attempt, phase, send: how } = sending;
    const instance = instanceFor(call, how.instance);
    const start = clock();
    const wireAnswer = await wireTo(instance, how.path).call({
      path: call.path,
      body: call.body,
      headers: {
        ...(requestId === '' ? {} : { 'request-id': requestId }),
        ...(caller.token === undefined ? {} : { authorization: `Bearer ${caller.token}` }),
        ...(how.timedBy === 'server' ? { 'connect-timeout-ms': String(how.timeoutMs) } : {}),
      },
      giveUpMs: how.timedBy === 'server' ? how.timeoutMs + serverMarginMs : how.timeoutMs,
    });
    const end = clock();
    const { answer, told } = call.read(wireAnswer);
    if (!wireAnswer.lost) counts().heard += 1;
    count(counts(), sending, answer);
    const line: HistoryLine = {
      start,
      end,
      phase,
      rpc: call.rpc,
      id: requestId,
      caller: caller.name,
      instance: instance.name,
      path: how.path,
      attempt,
      outcome: answer.outcome,
      ...(answer.outcome === 'done' ? {} : { reason: answer.reason }),
      ...(answer.outcome === 'unknown' ? {} : { replayed: answer.replayed, answer: answer.hash }),
      request: call.request,
      asked: call.asked,
      ...(told ? { told } : {}),
    };
    history.add(line);
    return { answer, told };
  }

  return {
    send,
    async insist(sending, untilMs) {
      for (let attempt = sending.attempt ?? 1, pauseMs = insistPauseMs.first; ; attempt += 1) {
        // Another process at each attempt: the one that hangs is not asked twice in a row.
        const how = {
          path: 'direct',
          instance: (attempt * 0.5 + 0.25) % 1,
          timeoutMs: insistTimeoutMs,
        } as const;
        const sent = await send({ ...sending, attempt, send: { ...how, timedBy: 'server' } });
        if (sent.answer.outcome !== 'unknown' || clock() > untilMs) return sent;
        await sleep(pauseMs);
        pauseMs = Math.min(pauseMs * 2, insistPauseMs.max);
      }
    },
    close() {
      for (const wire of wires.values()) wire.close();
    },
  };
}

function count(counts: Counts, { requestId, attempt, send }: Sending, answer: Answer<unknown>): void {
  counts.calls += 1;
  counts[answer.outcome] += 1;
  if (requestId !== '' && attempt > 1) counts.duplicates += 1;
  if (answer.outcome !== 'unknown' && answer.replayed) counts.replays += 1;
  if (answer.outcome === 'refused' && answer.reason === 'REQUEST_ID_REUSED') counts.reused += 1;
  if (answer.outcome === 'unknown' && answer.reason === 'GAVE_UP' && send.path !== 'silent')
    counts.timeouts += 1;
}
