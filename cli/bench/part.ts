// A part of a benchmark in a process of its own: asked over the channel that a fork has, and gone when whoever started it is
// gone. It knows no load and no database.

import { fork } from 'node:child_process';

export interface Part<Question, Answer> {
  readonly pid: number;
  /** One at a time or many: each answer comes to its question. Rejects when the part failed or ended. */
  ask(question: Question): Promise<Answer>;
  stop(): Promise<void>;
}

/** What a part does with its questions. */
export interface Serving<Question, Answer> {
  answer(question: Question): Promise<Answer>;
  close(): Promise<void>;
}

type ToPart = { readonly ticket: number; readonly question: unknown } | { readonly setup: unknown } | 'close';
type FromPart = { readonly ticket: number; readonly answer?: unknown; readonly failed?: string } | 'ready';

/** Closing a part means closing its connections; one that takes longer hangs. */
const closeMsMax = 10_000;

/** Starts `file` and resolves when its `servePart` has opened. `nodeOptions`: left out, those of this process. */
export async function startPart<Question, Answer>(
  file: URL,
  setup: unknown,
  nodeOptions: readonly string[] = process.execArgv,
): Promise<Part<Question, Answer>> {
  const child = fork(file, {
    execArgv: [...nodeOptions],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const { promise: ready, resolve: isReady, reject: isBroken } = Promise.withResolvers<void>();
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>();
  let tickets = 0;
  child.on('message', (message: FromPart) => {
    if (message === 'ready') return isReady();
    const { ticket, answer, failed } = message;
    const asked = waiting.get(ticket);
    waiting.delete(ticket);
    // The part names a failure of its start with ticket 0.
    if (ticket === 0) isBroken(new Error(failed));
    else if (failed !== undefined) asked?.reject(new Error(failed));
    else asked?.resolve(answer as Answer);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      const error = new Error(
        `a part of the benchmark (${file.pathname}) ended with ${signal ?? `code ${code}`}`,
      );
      isBroken(error);
      for (const { reject } of waiting.values()) reject(error);
      waiting.clear();
      resolve();
    });
  });
  const tell = (message: ToPart) => child.connected && child.send(message);
  tell({ setup });
  await ready;
  const { pid } = child;
  if (pid === undefined) throw new Error(`${file.pathname} has no process id`);
  return {
    pid,
    ask(question) {
      tickets += 1;
      const ticket = tickets;
      return new Promise<Answer>((resolve, reject) => {
        if (!child.connected) return reject(new Error(`${file.pathname} has ended`));
        waiting.set(ticket, { resolve, reject });
        tell({ ticket, question });
      });
    },
    async stop() {
      tell('close');
      const overdue = setTimeout(() => child.kill('SIGKILL'), closeMsMax);
      await ended;
      clearTimeout(overdue);
    },
  };
}

/** The other side: opens with the setup, answers questions until it is told to close. */
export function servePart<Setup, Question, Answer>(
  open: (setup: Setup) => Promise<Serving<Question, Answer>>,
): void {
  const tell = (message: FromPart) => process.connected && process.send?.(message);
  let serving: Serving<Question, Answer> | undefined;
  // The terminal's Ctrl-C reaches the whole group; this process ends when it is told to, or when nobody is left to tell it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
  process.on('disconnect', () => process.exit(0));
  process.on('message', async (message: ToPart) => {
    if (message === 'close') {
      await serving?.close();
      process.exit(0);
    }
    const ticket = 'ticket' in message ? message.ticket : 0;
    try {
      if ('setup' in message) {
        serving = await open(message.setup as Setup);
        tell('ready');
      } else if (serving) {
        tell({ ticket, answer: await serving.answer(message.question as Question) });
      }
    } catch (error) {
      tell({ ticket, failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
}
