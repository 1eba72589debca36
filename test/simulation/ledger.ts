// The ledger: what every caller was told, and whether two of them were told different things about one request.

import { create, type Message, toJsonString } from '@bufbuild/protobuf';
import { fingerprintOf } from '../../shared/idempotency/index.ts';
import type { Refusal } from '../../shared/journal/index.ts';
import type { CallAnswer } from '../../shared/rpc/index.ts';
import type { Request } from './subject.ts';

/** The one definite answer to a request. */
export type Definite =
  | { readonly answer: 'done'; readonly response: Message; readonly text: string }
  | { readonly answer: 'refused'; readonly refusal: Refusal; readonly text: string };

export interface Account {
  readonly request: Request;
  definite: Definite | undefined;
  /** Answers that differ from the first, and refusals that this request cannot get. */
  readonly lies: string[];
  /** When it was first sent. */
  readonly askedAtMs: number;
  /** When its first definite answer was received. */
  definiteAtMs: number | undefined;
}

export interface Ledger {
  /** The account of a request; of two messages under one id each has its own. */
  open(request: Request, nowMs: number): Account;
  note(account: Account, answer: CallAnswer<Message>, nowMs: number): void;
  accounts(): Account[];
  /** Since when the order was there for sure; undefined: never. */
  placedAtMs(orderId: string): number | undefined;
  /** After everything: also what two messages under one id were told. */
  lies(): string[];
}

const reused = 'REQUEST_ID_REUSED';

export function createLedger(): Ledger {
  const accounts = new Map<string, Account>();

  return {
    open(request, nowMs) {
      const name = nameOf(request);
      const account = accounts.get(name) ?? {
        request,
        definite: undefined,
        lies: [],
        askedAtMs: nowMs,
        definiteAtMs: undefined,
      };
      accounts.set(name, account);
      return account;
    },
    note(account, answer, nowMs) {
      const { request } = account;
      const who = `${request.caller}'s ${request.method.name} ${request.requestId}`;
      const definite = definiteOf(request, answer);
      if (!definite) return;
      if (!account.definite) {
        account.definite = definite;
        account.definiteAtMs = nowMs;
      } else if (account.definite.text !== definite.text) {
        account.lies.push(`I7 ${who} was answered ${account.definite.text}, and later ${definite.text}`);
      }
      if (definite.answer === 'refused') {
        const { reason } = definite.refusal;
        if (reason !== reused && !request.refusals.includes(reason))
          account.lies.push(`I8 ${who} was refused for ${reason}, which it cannot be`);
      }
    },
    accounts: () => [...accounts.values()],
    placedAtMs: (orderId) =>
      [...accounts.values()].find(
        (account) =>
          account.request.about === `order/${orderId}` &&
          account.request.method.name === 'PlaceOrder' &&
          !isReused(account),
      )?.definiteAtMs,
    lies: () => [...[...accounts.values()].flatMap(({ lies }) => lies), ...liesOfOneId(accounts.values())],
  };
}

/** Each is named once: fingerprints are made of hashes, and the same request is sent many times. */
const names = new WeakMap<Request, string>();

function nameOf(request: Request): string {
  const known = names.get(request);
  if (known) return known;
  const { method, caller, requestId, message } = request;
  const fingerprint = fingerprintOf(method.input, create(method.input, message));
  const name = `${caller} ${method.name} ${requestId} ${fingerprint}`;
  names.set(request, name);
  return name;
}

/** Of the messages under one id one is answered, and the others are refused because of it. */
function liesOfOneId(accounts: Iterable<Account>): string[] {
  const byId = Map.groupBy(
    accounts,
    ({ request: { caller, method, requestId } }) => `${caller}'s ${method.name} ${requestId}`,
  );
  return [...byId].flatMap(([who, same]) => {
    const answered = same.filter((account) => account.definite && !isReused(account)).length;
    if (answered > 1) return [`I7 ${who} was answered for ${answered} messages`];
    if (answered === 0 && same.every(isReused))
      return [`I8 ${who} was refused as reused, though nothing is recorded under it`];
    return [];
  });
}

/** Another message took its id: nothing of this one happened. */
export function isReused({ definite }: Account): boolean {
  return definite?.answer === 'refused' && definite.refusal.reason === reused;
}

function definiteOf({ method, passing }: Request, answer: CallAnswer<Message>): Definite | undefined {
  switch (answer.answer) {
    case 'done':
      return { ...answer, text: toJsonString(method.output, answer.response) };
    case 'refused': {
      const { reason, message, metadata } = answer.refusal;
      if (passing?.includes(reason)) return undefined;
      return { ...answer, text: `${reason}: ${message} ${JSON.stringify(metadata)}` };
    }
    case 'unknown':
      // To a client it says nothing of the request whose id was taken; to us, who chose the id twice, it does.
      if (answer.reason !== reused) return undefined;
      return { answer: 'refused', refusal: { reason: reused, message: '', metadata: {} }, text: reused };
  }
}
