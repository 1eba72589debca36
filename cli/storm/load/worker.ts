// A worker thread of a storm: makes its share of the requests, and asks them again at the end. The plan is computed, not
// stored, so its memory does not grow with the length of the storm.

import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { openHistory } from '../history/write.ts';
import { type Asked, planRequest } from '../plan.ts';
import { callOf, cancelOrder, getOrder } from './calls.ts';
import { createStormClock } from './clock.ts';
import { type Load, noCounts, type Report, type Ticketed, type WorkerData } from './messages.ts';
import { cancelIdOf, carryOut, type Message } from './request.ts';
import { createSender } from './sender.ts';

const port = parentPort;
if (!port) throw new Error('worker.ts runs in a worker thread');
const { worker, workerCount, originNs, historyFile, instances, callers, plan } = workerData as WorkerData;

const reportEveryMs = 200;
/** Requests of an open loop that are under way at once; beyond it they wait, and their latency counts from before. */
const underWayMax = 2_000;
/** Who asks again at the end: enough to keep the services busy, few enough not to be refused. */
const recheckLanes = 24;

const clock = createStormClock(originNs);
const history = openHistory(historyFile);
let counts = noCounts();
let latenciesMs: number[] = [];
let issued = 0;
/** Of those, the ones that are asked again at the end: reads have no answer that must stay. */
let askable = 0;
let rechecked = 0;
/** A stop is for good: it ends every load that is under way and any that would still come. */
const stopping = new AbortController();
const underWay = new Set<Promise<void>>();
const unanswered = new Map<string, Message>();
const cancelledOrders = new Map<number, string>();
const late = new Set<NodeJS.Timeout>();
const sender = createSender({ instances, history, clock, counts: () => counts });

const deps = {
  plan,
  callers,
  sender,
  clock,
  counts: () => counts,
  later(delayMs: number, send: () => Promise<unknown>) {
    const timer = setTimeout(() => {
      late.delete(timer);
      track(send().then(() => undefined));
    }, delayMs);
    late.add(timer);
  },
  answered: (latencyMs: number) => void latenciesMs.push(latencyMs),
  leave: (message: Message) =>
    void unanswered.set(`${message.caller.name} ${message.requestId} ${message.call.request}`, message),
  cancelled: (number: number, orderId: string) => void cancelledOrders.set(number, orderId),
};

function track(work: Promise<void>): void {
  underWay.add(work);
  void work.finally(() => underWay.delete(work));
}

/** Worker `w` of `n` has the numbers w, w+n, w+2n, … */
const numberAt = (index: number) => index * workerCount + worker;

function begin(intendedAtMs: number, givesUpAtMs = Number.POSITIVE_INFINITY): Promise<void> {
  const planned = planRequest(plan, numberAt(issued));
  issued += 1;
  if (!isRead(planned.asked)) askable += 1;
  const work = carryOut(planned, { intendedAtMs, givesUpAtMs }, deps);
  track(work);
  return work;
}

async function put(load: Load, durationMs: number): Promise<void> {
  const startMs = clock();
  const endMs = startMs + durationMs;
  const { signal } = stopping;
  if (load.kind === 'closed') {
    const lane = async () => {
      while (!signal.aborted && clock() < endMs) await begin(clock());
    };
    await Promise.all(Array.from({ length: load.inFlight }, lane));
    return;
  }
  for (let arrival = 0; !signal.aborted; arrival += 1) {
    const intendedAtMs = startMs + (arrival * 1_000) / load.perSecond;
    if (intendedAtMs >= endMs) return;
    const earlyMs = intendedAtMs - clock();
    if (earlyMs > 1) await sleep(earlyMs);
    if (underWay.size >= underWayMax) await Promise.race(underWay);
    // Who waited beyond the phase is not sent any more: the excess must end when it is said to end.
    if (signal.aborted || clock() >= endMs) return;
    void begin(intendedAtMs, load.endsWithPhase ? endMs : undefined);
  }
}

async function inLanes(work: Iterable<() => Promise<void>>): Promise<void> {
  const iterator = work[Symbol.iterator]();
  const lane = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await next.value();
  };
  await Promise.all(Array.from({ length: recheckLanes }, lane));
}

async function resolve(untilMs: number): Promise<void> {
  for (const timer of late) clearTimeout(timer);
  late.clear();
  await Promise.all(underWay);
  await inLanes(
    [...unanswered].map(([key, message]) => async () => {
      const { answer } = await sender.insist(
        { ...message, attempt: message.attempt + 1, phase: 'storm' },
        untilMs,
      );
      if (answer.outcome !== 'unknown') unanswered.delete(key);
    }),
  );
}

function* recheckAll(untilMs: number): Generator<() => Promise<void>> {
  for (let index = 0; index < issued; index += 1) yield () => recheck(numberAt(index), untilMs);
}

const isRead = ({ rpc }: Asked): boolean => rpc === 'GetAccount' || rpc === 'GetItem';

/** Every message of the request once more, then its cancel, then the order itself: what is true at rest. */
async function recheck(number: number, untilMs: number): Promise<void> {
  const { asked, sends, requestId, caller: index } = planRequest(plan, number);
  const caller = callers[index];
  if (!caller || isRead(asked)) return;
  const phase = 'after';
  // Beyond every attempt before: how many there were is known to the history only.
  const attempt = 1_000;
  let orderId = cancelledOrders.get(number);
  for (const message of new Set<Asked>(sends.map((send) => send.asked))) {
    const { told } = await sender.insist(
      { call: callOf(message), requestId, caller, attempt, phase },
      untilMs,
    );
    orderId ??= told?.order;
  }
  if (cancelledOrders.has(number) && orderId !== undefined) {
    const call = cancelOrder(orderId);
    await sender.insist({ call, requestId: cancelIdOf(requestId), caller, attempt, phase }, untilMs);
  }
  if (orderId !== undefined)
    await sender.insist({ call: getOrder(orderId), requestId: '', caller, phase }, untilMs);
  rechecked += 1;
}

function tell(report: Report): void {
  port?.postMessage(report);
}

function tellProgress(): void {
  tell({ tell: 'progress', counts, latenciesMs, unanswered: unanswered.size, rechecked });
  counts = noCounts();
  latenciesMs = [];
  history.flush();
}

setInterval(tellProgress, reportEveryMs);

port.on('message', async (order: Ticketed) => {
  if (order.do === 'stop') {
    stopping.abort();
    return;
  }
  if (order.do === 'load') {
    await put(order.load, order.durationMs);
  } else if (order.do === 'resolve') {
    await resolve(clock() + order.durationMs);
  } else {
    await inLanes(recheckAll(clock() + order.durationMs));
  }
  tellProgress();
  tell({ tell: 'finished', ticket: order.ticket, askable, unanswered: unanswered.size });
});
