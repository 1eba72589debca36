// The names of this service's entities and of the keys under which the units of a reservation move. Knows no state.
//
// The lines whose stock is in one stream, a group, move together along a chain of keys. Each key is recorded once, for
// ever, and says either that its move happened or that it never will; a later key is used only when the earlier one says
// what it needs:
//
//     hold/<reservation>@<stream>    free → held   or  refused: no stock, or released before it was held
//     sell/<reservation>@<stream>    held → sold   or  held → free, and the sale refused for ever
//     unsell/<reservation>@<stream>  sold → free: the units that no return has taken back
//
// A part of what is sold may come back before that, by any number of returns:
//
//     return/<reservation>/<return>@<stream>  sold → free, or written off
//
// Neither an id nor a SKU can have an @ in it, so no name of another form ends like these.

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

export const holdKey = (scoped: string, stream: string): string => `hold/${scoped}@${stream}`;

export const sellKey = (scoped: string, stream: string): string => `sell/${scoped}@${stream}`;

export const unsellKey = (scoped: string, stream: string): string => `unsell/${scoped}@${stream}`;

export const returnKey = (scoped: string, returnId: string, stream: string): string =>
  `return/${scoped}/${returnId}@${stream}`;

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
