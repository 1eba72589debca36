// A server as a child process: started, awaited until it says that it is ready, and stopped. It knows no server by name.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';

export interface ChildCommand {
  /** What messages call it. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Standard error is added to this file, which outlives both processes. */
  readonly logFile: string;
  /** The line of standard output that says: ready. */
  readonly readyLine: RegExp;
  readonly readyDurationMsMax: number;
  /** Aborting it ends a child that is not ready yet. */
  readonly signal?: AbortSignal;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  /** The line that said it was ready, with the groups of `readyLine`. */
  readonly ready: RegExpExecArray;
  readonly exited: Promise<Exit>;
  /** Sends a signal; nothing happens when the child has ended. */
  signal(signal: NodeJS.Signals): void;
  /** Asks it to end, and ends it after `graceMs` if it has not. Resolves when it is gone. */
  stop(graceMs: number): Promise<void>;
}

/** A log file is started anew above this size, so that a data directory does not grow by its logs. */
const logFileBytesMax = 8 * 1024 * 1024;

/** Of a child's log, so much is read to find the sentence it ended with. */
const lastWordsBytes = 4096;

/**
 * Starts the command in a session of its own, so that the terminal's Ctrl-C reaches only this process, which then
 * stops its children in order. Resolves when the child is ready; otherwise the child is gone, and the error's
 * message ends with its last words.
 */
export async function startChild(options: ChildCommand): Promise<Child> {
  options.signal?.throwIfAborted();
  const logStart = { position: 0 };
  const child = spawnWithLog(options, logStart);
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`${options.name} cannot be started: ${error.message}`)));
  });

  const pid = child.pid;
  if (pid === undefined) throw new Error(`${options.name} has no process id`);
  try {
    const ready = await readyOf(child, exited, options);
    return {
      pid,
      ready,
      exited,
      signal: (signal) => void child.kill(signal),
      async stop(graceMs) {
        child.kill('SIGTERM');
        const overdue = setTimeout(() => child.kill('SIGKILL'), graceMs);
        await exited;
        clearTimeout(overdue);
      },
    };
  } catch (error) {
    child.kill('SIGKILL');
    const words = await lastWords(options.logFile, logStart.position);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(words ? `${reason}: ${words}` : reason, { cause: error });
  }
}

/** "was killed by SIGKILL", "ended with code 1": how a child ended, for people. */
export function sayHowItEnded(exit: Exit): string {
  return exit.signal ? `was killed by ${exit.signal}` : `ended with code ${exit.code}`;
}

function spawnWithLog(options: ChildCommand, logStart: { position: number }): ChildProcess {
  let file = openSync(options.logFile, 'a');
  if (fstatSync(file).size > logFileBytesMax) {
    closeSync(file);
    file = openSync(options.logFile, 'w');
  }
  logStart.position = fstatSync(file).size;
  try {
    return spawn(options.command, options.args, {
      detached: true,
      stdio: ['ignore', 'pipe', file],
      ...(options.cwd ? { cwd: options.cwd } : {}),
      ...(options.env ? { env: options.env } : {}),
    });
  } finally {
    closeSync(file);
  }
}

function readyOf(
  child: ChildProcess,
  exited: Promise<Exit>,
  options: ChildCommand,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    const output = child.stdout;
    if (!output) throw new Error(`${options.name} has no standard output`);
    // The reading goes on for the child's whole life: a full pipe would stop it.
    createInterface({ input: output }).on('line', (line) => {
      const match = options.readyLine.exec(line);
      if (match) settle(() => resolve(match));
    });
    const overdue = setTimeout(
      () =>
        settle(() =>
          reject(new Error(`${options.name} was not ready within ${options.readyDurationMsMax} ms`)),
        ),
      options.readyDurationMsMax,
    );
    const aborted = () => settle(() => reject(new Error(`${options.name} was stopped before it was ready`)));
    options.signal?.addEventListener('abort', aborted, { once: true });
    void exited.then((exit) =>
      settle(() => reject(new Error(`${options.name} ${sayHowItEnded(exit)} before it was ready`))),
    );
    const settle = (conclude: () => void) => {
      clearTimeout(overdue);
      options.signal?.removeEventListener('abort', aborted);
      conclude();
    };
  });
}

/** Of a log after `position`: the line that names an error, for a Node that crashed says its version last; else the last. */
async function lastWords(logFile: string, position: number): Promise<string> {
  const file = await open(logFile, 'r');
  try {
    const { size } = await file.stat();
    const start = Math.max(position, size - lastWordsBytes);
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(Math.max(0, size - start)),
      0,
      undefined,
      start,
    );
    const lines = buffer.toString('utf8', 0, bytesRead).trim().split('\n');
    return lines.findLast((line) => /^\w*Error\b.*: /.test(line)) ?? lines.at(-1) ?? '';
  } finally {
    await file.close();
  }
}
