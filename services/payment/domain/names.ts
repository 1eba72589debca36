// The names of this service's entities, and where they are placed. Knows no state.

/** The first part of a card payment's id, and therefore no legal account id. */
export const cardPlace = 'card';

export const accountEntity = (accountId: string): string => `account/${accountId}`;

/** The caller is part of the name: two callers may use one payment id and never meet. */
export const paymentEntity = (caller: string, paymentId: string): string => `payment/${caller}/${paymentId}`;

export const paymentsList = (caller: string): string => `payments/${caller}`;

export const isAccount = (entity: string): boolean => entity.startsWith('account/');

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

/** A payment is placed where its account is, so that both change in one insert. */
export function placementOf(entity: string): string {
  if (isAccount(entity)) return idOf(entity);
  return accountOfPayment(idOf(entity)) ?? entity;
}
