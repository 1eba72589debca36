// The lines of a reservation by the stream that their stock is in: those of one stream, a group, move together. Pure, and
// the same at every call, because the place of an entity is fixed for ever: keys are made of it.

import { reservationEntity, stockEntity } from './names.ts';
import type { Line } from './reservation-state.ts';

/** The stream of an entity: the journal's word. */
export type StreamOf = (entity: string) => string;

export type Group = { readonly stream: string; readonly lines: readonly Line[] };

/** In the order of their first lines, and the lines of each in the order of the request. */
export function groupsOf(lines: readonly Line[], streamOf: StreamOf): readonly Group[] {
  const groups: { stream: string; lines: Line[] }[] = [];
  for (const line of lines) {
    const stream = streamOf(stockEntity(line.sku));
    const group = groups.find((each) => each.stream === stream);
    if (group) group.lines.push(line);
    else groups.push({ stream, lines: [line] });
  }
  return groups;
}

/** The group in the reservation's own stream, if there is one: its moves can be in one entry with what is decided. */
export function homeGroupOf(scoped: string, groups: readonly Group[], streamOf: StreamOf): Group | undefined {
  const home = streamOf(reservationEntity(scoped));
  return groups.find(({ stream }) => stream === home);
}
