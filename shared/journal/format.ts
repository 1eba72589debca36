// The format of a journal: how its entries stand in the database and what their keys mean. A database keeps the one that it was
// begun with.

/** 2: packed bodies, and one key for all lines of a reservation in one stream (2026-11-28). Raised when older entries, or the
 * keys of what is still open, would be misread. */
export const journalFormat = 2;

/** Throws one sentence for a person: what this version took for open or free could have happened already. */
export function requireFormat({ format }: { readonly format?: number }, databaseName?: string): void {
  if (format === journalFormat) return;
  const where = databaseName === undefined ? 'this database' : `database "${databaseName}"`;
  throw new Error(
    `The journal in ${where} has format ${format ?? 1} and this version of twicesafe has format ${journalFormat}: use the version ` +
      'that began it, or begin a new database (another DATA_DIR under `npm start`, another MONGODB_DATABASE elsewhere).',
  );
}
