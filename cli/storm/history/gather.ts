// Gathers the lines of a history into what is known of each request, each order and each read: compact, so that a long
// history fits into memory. It judges nothing; laws/ does. Lines may come in any order.

import type { AskedFacts, HistoryLine, Line, ToldFacts } from './line.ts';

/** One of the answers that a request got. A request that keeps its promise has one. */
export interface AnswerFacts {
  readonly answer: string;
  readonly outcome: 'done' | 'refused';
  readonly reason: string;
  readonly told: ToldFacts;
  /** When the first of these answers had come. */
  endedAt: number;
  /** Answers that did not say that they are replays. */
  originalCount: number;
}

/** One message that was sent under a request id. */
export interface MessageFacts {
  readonly request: string;
  readonly asked: AskedFacts;
  readonly answers: AnswerFacts[];
  /** Told that the id belongs to another message. */
  reusedCount: number;
}

export interface RequestFacts {
  readonly id: string;
  readonly rpc: string;
  readonly caller: string;
  readonly messages: MessageFacts[];
  /** When the first call under this id was sent. */
  startedAt: number;
  callCount: number;
}

/** What reads said of one order, as bounds: the latest start of a read that said it. */
export interface OrderReads {
  readonly order: string;
  readonly caller: string;
  openReadAt: number;
  missingReadAt: number;
  confirmedReadAt: number;
  undoneReadAt: number;
  readCount: number;
  /** The first content read while it was confirmed, and whether another one was read. */
  content: string | undefined;
  otherContent: string | undefined;
  /** What the read at the end said. */
  after: { readonly status: string; readonly total: bigint } | undefined;
}

/** A read of a balance or of a stock item. */
export interface CounterRead {
  readonly entity: string;
  readonly start: number;
  readonly end: number;
  readonly told: ToldFacts;
}

export interface Gathered {
  readonly requests: ReadonlyMap<string, RequestFacts>;
  /** By caller and order id: what one caller reads says nothing of another's. */
  readonly orderReads: ReadonlyMap<string, OrderReads>;
  readonly counterReads: readonly CounterRead[];
  /** What each account and each item was at the end, when everything rested. */
  readonly rest: ReadonlyMap<string, ToldFacts>;
}

export interface Gathering {
  add(line: HistoryLine): void;
  gathered(): Gathered;
}

const never = Number.NEGATIVE_INFINITY;

export function gatherHistory(): Gathering {
  const requests = new Map<string, RequestFacts>();
  const orderReads = new Map<string, OrderReads>();
  const counterReads: CounterRead[] = [];
  const rest = new Map<string, ToldFacts>();

  function addRequest(line: HistoryLine): void {
    const key = requestKeyOf(line);
    let request = requests.get(key);
    if (!request) {
      request = {
        id: line.id,
        rpc: line.rpc,
        caller: line.caller,
        messages: [],
        startedAt: line.start,
        callCount: 0,
      };
      requests.set(key, request);
    }
    request.callCount += 1;
    request.startedAt = Math.min(request.startedAt, line.start);
    let message = request.messages.find(({ request: hash }) => hash === line.request);
    if (!message) {
      message = { request: line.request, asked: line.asked, answers: [], reusedCount: 0 };
      request.messages.push(message);
    }
    if (line.outcome === 'unknown') return;
    if (line.reason === 'REQUEST_ID_REUSED') {
      message.reusedCount += 1;
      return;
    }
    const said = line.answer ?? '';
    let answer = message.answers.find((known) => known.answer === said);
    if (!answer) {
      const { outcome, reason = '', told = {} } = line;
      answer = { answer: said, outcome, reason, told, endedAt: line.end, originalCount: 0 };
      message.answers.push(answer);
    }
    answer.endedAt = Math.min(answer.endedAt, line.end);
    if (!line.replayed) answer.originalCount += 1;
  }

  function addOrderRead(line: HistoryLine, order: string): void {
    const key = orderReadKey(line.caller, order);
    let reads = orderReads.get(key);
    if (!reads) {
      reads = {
        order,
        caller: line.caller,
        openReadAt: never,
        missingReadAt: never,
        confirmedReadAt: never,
        undoneReadAt: never,
        readCount: 0,
        content: undefined,
        otherContent: undefined,
        after: undefined,
      };
      orderReads.set(key, reads);
    }
    reads.readCount += 1;
    const status = line.outcome === 'refused' ? 'MISSING' : (line.told?.status ?? '');
    const { start } = line;
    if (status === 'MISSING') reads.missingReadAt = Math.max(reads.missingReadAt, start);
    if (status === 'PLACED') reads.openReadAt = Math.max(reads.openReadAt, start);
    if (status === 'CONFIRMED') reads.confirmedReadAt = Math.max(reads.confirmedReadAt, start);
    if (status === 'COMPENSATING' || status === 'CANCELLED') {
      reads.undoneReadAt = Math.max(reads.undoneReadAt, start);
    }
    if (status === 'CONFIRMED') {
      const content = contentOf(line.told);
      if (reads.content === undefined) reads.content = content;
      else if (reads.content !== content) reads.otherContent = content;
    }
    if (line.phase === 'after') reads.after = { status, total: BigInt(line.told?.total ?? 0) };
  }

  return {
    add(line) {
      if (line.id !== '') return addRequest(line);
      if (line.outcome === 'unknown') return;
      if (line.rpc === 'GetOrder' && line.asked.order) return addOrderRead(line, line.asked.order);
      const entity = entityOf(line.asked);
      if (!entity || line.outcome !== 'done' || !line.told) return;
      if (line.phase === 'after') rest.set(entity, line.told);
      counterReads.push({ entity, start: line.start, end: line.end, told: line.told });
    },
    gathered: () => ({ requests, orderReads, counterReads, rest }),
  };
}

export function requestKeyOf({ caller, rpc, id }: { caller: string; rpc: string; id: string }): string {
  return `${caller} ${rpc} ${id}`;
}

export function orderReadKey(caller: string, order: string): string {
  return `${caller} ${order}`;
}

/** `account/alice` or `stock/tea`: what a request moves or a read reads; undefined for an order. */
export function entityOf(asked: AskedFacts): string | undefined {
  if (asked.sku !== undefined) return `stock/${asked.sku}`;
  if (asked.account !== undefined && !asked.lines) return `account/${asked.account}`;
  return undefined;
}

/** What an order is, without where it stands. */
export function contentOf(told: ToldFacts | undefined): string {
  return `${told?.account} ${linesText(told?.lines ?? [])} ${told?.total}`;
}

export function linesText(lines: readonly Line[]): string {
  return lines.map(({ sku, quantity }) => `${sku}x${quantity}`).join(',');
}

/** The one answer that a request has, the earliest where it broke its promise, with the message it belongs to. */
export function answerOf(
  request: RequestFacts,
): { readonly message: MessageFacts; readonly answer: AnswerFacts } | undefined {
  const all = request.messages.flatMap((message) => message.answers.map((answer) => ({ message, answer })));
  return all.reduce<(typeof all)[number] | undefined>(
    (first, each) => (first && first.answer.endedAt <= each.answer.endedAt ? first : each),
    undefined,
  );
}
