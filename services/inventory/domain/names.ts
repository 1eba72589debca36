// The names of this service's entities and of the keys under which a line of a reservation moves. Knows no state.
//
// A line's units move along a chain of three keys. Each key is recorded once, for ever, and says either that its
// move happened or that it never will; a later key is used only when the earlier one says what it needs:
//
//     hold/<reservation>/<sku>    free → held       or  refused: no stock, or released before it was held
//     sell/<reservation>/<sku>    held → sold       or  held → free, and the sale refused for ever
//     unsell/<reservation>/<sku>  sold → free: the units that no return has taken back
//
// A part of what is sold may come back before that, by any number of returns:
//
//     return/<reservation>/<return>/<sku>  sold → free, or written off

/** The page of all items that were ever put. */
export const itemsList = 'items';

const stockPrefix = 'stock/';
const reservationPrefix = 'reservation/';

export const stockEntity = (sku: string): string => `${stockPrefix}${sku}`;

export const isStock = (entity: string): boolean => entity.startsWith(stockPrefix);

export const skuOf = (entity: string): string => entity.slice(stockPrefix.length);

/**
 * A reservation as this service names it: its caller is part of it, so two callers may use one id and never meet.
 * An id has no slash, so no caller's name can make two pairs look alike.
 */
export const scopedReservation = (caller: string, reservationId: string): string =>
  `${caller}/${reservationId}`;

export const reservationEntity = (scoped: string): string => `${reservationPrefix}${scoped}`;

export const isReservation = (entity: string): boolean => entity.startsWith(reservationPrefix);

export const scopedOf = (entity: string): string => entity.slice(reservationPrefix.length);

/** The id that the caller knows. */
export const reservationIdOf = (scoped: string): string => scoped.slice(scoped.lastIndexOf('/') + 1);

/** Whose it is. */
export const callerOfReservation = (scoped: string): string => scoped.slice(0, scoped.lastIndexOf('/'));

export const holdKey = (scoped: string, sku: string): string => `hold/${scoped}/${sku}`;

export const sellKey = (scoped: string, sku: string): string => `sell/${scoped}/${sku}`;

export const unsellKey = (scoped: string, sku: string): string => `unsell/${scoped}/${sku}`;

export const returnKey = (scoped: string, returnId: string, sku: string): string =>
  `return/${scoped}/${returnId}/${sku}`;

/** The one time that all units of a return have moved. */
export const returnSettledKey = (scoped: string, returnId: string): string =>
  `return-settled/${scoped}/${returnId}`;

/** The one time that a reservation becomes refused. */
export const refusalKey = (scoped: string): string => `refusal/${scoped}`;

/** The one time that a reservation is released because its time is over. */
export const expiryKey = (scoped: string): string => `expiry/${scoped}`;

/** The one time that nothing remains to be done after it became `status`. */
export const settledKey = (scoped: string, status: 'committed' | 'released'): string =>
  `settled/${scoped}/${status}`;
