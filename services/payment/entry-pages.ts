// Pages of an account's entries, the newest first. A token names the last op given and says nothing to its holder.

import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AccountEntrySchema } from '../../shared/gen/twicesafe/payment/v1/payment_pb.ts';
import { type Journal, PageTokenError, type RecordedOp } from '../../shared/journal/index.ts';
import { accountEntity } from './domain/names.ts';
import { type Reader, renderAccountEntry } from './render-account.ts';

/** Journal entries in one read. Above one, so that a read that begins with a known entry always gets further. */
const entriesPerRead = 200;

/** Reads for one page. Refusals are in the history but on no page; a run of thousands of them ends the page early. */
const readsPerPageMax = 10;

/**
 * The last op given: the `given`th of this account in the entry `seq`. One entry can hold many movements of one
 * account, so the seq alone would lose some or repeat some.
 */
type Position = Readonly<{ seq: number; given: number }>;

/**
 * A page of at most `size` movements, as `reader` may see them. An empty token means that nothing older exists. Pages
 * are stable, because entries are only ever added before the first one. Throws `PageTokenError`.
 */
export async function readEntryPage(
  journal: Pick<Journal, 'history'>,
  accountId: string,
  page: { size: number; token: string },
  reader: Reader,
): Promise<{ entries: MessageInitShape<typeof AccountEntrySchema>[]; nextPageToken: string }> {
  const entries: MessageInitShape<typeof AccountEntrySchema>[] = [];
  let position = positionOf(accountId, page.token);
  for (let reads = 0; reads < readsPerPageMax; reads += 1) {
    const ops = await journal.history(accountEntity(accountId), {
      newestFirst: true,
      limit: entriesPerRead,
      // The entry of the position may hold more, so it is read again.
      ...(position ? { beforeSeq: position.seq + 1 } : {}),
    });
    const fresh = withoutGiven(ops, position);
    if (fresh.length === 0) return { entries, nextPageToken: '' };
    for (const op of fresh) {
      const given = op.seq === position?.seq ? position.given : 0;
      const entry = renderAccountEntry(op, entryIdOf(ops, op.seq, given), reader);
      if (entry && entries.length === page.size)
        return { entries, nextPageToken: tokenOf(accountId, position) };
      if (entry) entries.push(entry);
      position = { seq: op.seq, given: given + 1 };
    }
  }
  return { entries, nextPageToken: tokenOf(accountId, position) };
}

/** Its place among the account's ops of its journal entry, counted as they were recorded. Entries are read whole. */
function entryIdOf(ops: readonly RecordedOp[], seq: number, given: number): string {
  return `${seq}.${ops.filter((op) => op.seq === seq).length - given}`;
}

function withoutGiven(ops: readonly RecordedOp[], position: Position | undefined): readonly RecordedOp[] {
  return ops[0] && ops[0].seq === position?.seq ? ops.slice(position.given) : ops;
}

const tokenPattern = /^1\/([A-Za-z0-9_-]{1,64})\/([0-9]{1,15})\/([0-9]{1,6})$/;

function tokenOf(accountId: string, position: Position | undefined): string {
  if (!position) return '';
  return Buffer.from(`1/${accountId}/${position.seq}/${position.given}`).toString('base64url');
}

/** Undefined for the first page. Refuses a token of another account, and any that this service would not have written. */
function positionOf(accountId: string, token: string): Position | undefined {
  if (token === '') return undefined;
  const match = tokenPattern.exec(Buffer.from(token, 'base64url').toString());
  if (match?.[1] === accountId) {
    const position = { seq: Number(match[2]), given: Number(match[3]) };
    // Decoding is lenient (it skips foreign characters, reads 007 as 7); writing it again is not.
    if (tokenOf(accountId, position) === token) return position;
  }
  throw new PageTokenError();
}
