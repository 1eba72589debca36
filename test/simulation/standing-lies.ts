// What frozen and closed accounts still did: nothing that was asked for after its owner was told of the standing, and as long
// as nobody asked to lift it.

import type { PlaceOrderResponse } from '../../shared/gen/twicesafe/order/v1/order_pb.ts';
import type { CloseAccountResponse } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import type { Account } from './ledger.ts';
import type { PaymentSource } from './subject.ts';

interface Standing {
  readonly method: string;
  readonly lifting: string;
  /** RPCs that are refused meanwhile. */
  readonly stops: readonly string[];
}

const standings: readonly Standing[] = [
  {
    method: 'FreezeAccount',
    lifting: 'UnfreezeAccount',
    stops: ['Withdraw', 'CreatePayment', 'PlaceOrder'],
  },
  {
    method: 'CloseAccount',
    lifting: 'ReopenAccount',
    stops: ['Deposit', 'Withdraw', 'CreatePayment', 'PlaceOrder'],
  },
];

export function standingLies(accounts: readonly Account[]): string[] {
  const lies: string[] = [];
  for (const { method, lifting, stops } of standings) {
    for (const { request, definite, definiteAtMs = 0 } of accounts) {
      if (request.method.name !== method || definite?.answer !== 'done') continue;
      const { about } = request;
      if (method === 'CloseAccount') lies.push(...leftIn(about, definite.response as CloseAccountResponse));
      const isLifted = accounts.some(
        (other) => other.request.method.name === lifting && isAbout(other, about),
      );
      if (isLifted) continue;
      for (const other of accounts) {
        const wasDone = other.definite?.answer === 'done' && other.askedAtMs > definiteAtMs && !isFree(other);
        if (wasDone && stops.includes(other.request.method.name) && isAbout(other, about))
          lies.push(`I8 ${other.request.requestId} was done after ${method} of ${about} was`);
      }
    }
  }
  return lies;
}

function leftIn(about: string, { account }: CloseAccountResponse): string[] {
  const left = account?.balance?.amountMinorUnits ?? 0n;
  return left === 0n ? [] : [`I1 ${about} was closed with ${left} minor units in it`];
}

/** Whether the request moves money of the account. */
function isAbout({ request }: Account, about: string): boolean {
  const source = (request.message['source'] ?? request.message['paymentSource']) as PaymentSource | undefined;
  return request.about === about || (source?.case === 'accountId' && `account/${source.value}` === about);
}

/** An order of nothing takes nothing. */
function isFree({ request, definite }: Account): boolean {
  if (request.method.name !== 'PlaceOrder' || definite?.answer !== 'done') return false;
  return (definite.response as PlaceOrderResponse).order?.total?.amountMinorUnits === 0n;
}
