// The names of this service's entities, and where they are placed. Knows no state.

/** The first part of a card payment's id, and therefore no legal account id. */
export const cardPlace = 'card';

export const accountEntity = (accountId: string): string => `account/${accountId}`;

/** The caller is part of the name: two callers may use one payment id and never meet. */
export const paymentEntity = (caller: string, paymentId: string): string => `payment/${caller}/${paymentId}`;

export const paymentsList = (caller: string): string => `payments/${caller}`;

/** Of all callers, for comparing them with the provider's books. */
export const cardPaymentsList = 'card-payments';

export const isAccount = (entity: string): boolean => entity.startsWith('account/');

/** Whether a name that came from outside can be a payment's: `payment/<caller>/<payment id>`. */
export const isPaymentEntity = (name: string): boolean =>
  /^payment\/[A-Za-z0-9._-]{1,64}\/[A-Za-z0-9_-]{1,64}[.][A-Za-z0-9_-]{1,64}$/.test(name);

/** The part of an entity's name that a caller knows: an account id or a payment id. Neither contains a slash. */
export const idOf = (entity: string): string => entity.slice(entity.lastIndexOf('/') + 1);

/** Whose payment it is. */
export const callerOfPayment = (entity: string): string =>
  entity.slice('payment/'.length, entity.lastIndexOf('/'));

/** The account that a payment takes from, which its id begins with; undefined for a card payment. */
export function accountOfPayment(paymentId: string): string | undefined {
  const place = paymentId.slice(0, paymentId.indexOf('.'));
  return place === cardPlace ? undefined : place;
}

export const isCardPayment = (paymentId: string): boolean => accountOfPayment(paymentId) === undefined;

/** The keys under which the outcome of asking a card's provider is recorded, each once. */
export const outcomeKey = (entity: string): string => `outcome/${entity}`;
export const unknownKey = (entity: string): string => `unknown/${entity}`;
export const refundAskedKey = (entity: string, refundId: string): string => `refund/${entity}/${refundId}`;
export const refundOutcomeKey = (entity: string, refundId: string): string =>
  `refund-outcome/${entity}/${refundId}`;
export const eventKey = (eventId: string): string => `event/${eventId}`;

/** A payment is placed where its account is, so that both change in one insert. */
export function placementOf(entity: string): string {
  if (isAccount(entity)) return idOf(entity);
  return accountOfPayment(idOf(entity)) ?? entity;
}
