// Lists: the entities that joined a list, by page, the newest first. A page token says where the last page ended.

import { type Page, PageTokenError } from './journal.ts';
import type { JournalStore, ListPosition } from './store.ts';

/** The entry that the next page begins in, and how many of its members of the list were given already. */
interface Token extends ListPosition {
  readonly given: number;
}

function encodeToken({ at, id, given }: Token): string {
  return Buffer.from(`${at.getTime()} ${id} ${given}`).toString('base64url');
}

function decodeToken(token: string): Token {
  const match = /^(\d{1,15}) (\S{1,64}) (\d{1,4})$/.exec(Buffer.from(token, 'base64url').toString());
  const [, at, id, given] = match ?? [];
  if (at === undefined || id === undefined || given === undefined) throw new PageTokenError();
  return { at: new Date(Number(at)), id, given: Number(given) };
}

/** Entries hold several members, so a page may begin and end inside one. */
export async function readList(
  store: JournalStore,
  name: string,
  { size, token }: { size: number; token: string },
): Promise<Page<string>> {
  const from = token === '' ? undefined : decodeToken(token);
  const items: string[] = [];
  // The token's entry is read again, from its rest on: all of it when the last page ended just before it.
  const before = from && { at: from.at, id: `${from.id}\u0000` };
  const parts = await store.findList(name, before, size + 1);
  for (const part of parts) {
    const members = part.ops.map((op) => op.entity);
    const skipped = part._id === from?.id ? from.given : 0;
    for (const [index, member] of members.entries()) {
      if (index < skipped) continue;
      if (items.length === size) {
        return { items, nextPageToken: encodeToken({ at: part.at, id: part._id, given: index }) };
      }
      items.push(member);
    }
  }
  return { items, nextPageToken: undefined };
}
