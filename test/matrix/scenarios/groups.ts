// All scenarios, in the groups in which they are tested.

import type { Scenario } from '../scenario.ts';
import { cards } from './cards.ts';
import { money } from './money.ts';
import { orders } from './orders.ts';
import { stock } from './stock.ts';

export const groups = { orders, stock, money, cards } as const satisfies Record<string, readonly Scenario[]>;
export type GroupName = keyof typeof groups;
export const groupNames = Object.keys(groups) as GroupName[];
