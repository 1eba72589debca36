// What the command line says: one line an event. Colours only on a terminal, and never with NO_COLOR.

import { isatty } from 'node:tty';
import colors from 'picocolors';

const paint = colors.createColors(isatty(1) && !process.env['NO_COLOR']);

export const { bold, cyan, dim, green, red, yellow } = paint;

export function report(line: string): void {
  console.log(line);
}

/** An error as one sentence on standard error. A stack trace would hide the way out that the sentence names. */
export function reportProblem(error: unknown): void {
  console.error(red(error instanceof Error ? error.message : String(error)));
}
