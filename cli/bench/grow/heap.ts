// The heap of a running Node process after a garbage collection, by way of its inspector, which a signal opens. What is still there
// is held by something: memory of the process says less, because Node gives it back when it likes.

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** For NODE_OPTIONS of the process: any free port, when the inspector is opened. */
export const inspectorOption = '--inspect-port=0';

const openMsMax = 5_000;
const lookEveryMs = 50;
/** A full collection of a heap of some hundred MB takes well under a second. */
const answerMsMax = 15_000;

/** Undefined where the process has no inspector to open (Windows has no such signal), or its log does not say where it is. */
export async function heapInUse(pid: number, logFile: string): Promise<number | undefined> {
  if (process.platform === 'win32') return undefined;
  process.kill(pid, 'SIGUSR1');
  const address = await inspectorAt(logFile);
  if (address === undefined) return undefined;
  const socket = new WebSocket(address);
  const answers = new Map<number, (result: { usedSize?: number }) => void>();
  try {
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error(`the inspector at ${address} does not answer`));
    });
    socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as { id: number; result: { usedSize?: number } };
      answers.get(id)?.(result);
    };
    const ask = (id: number, method: string) =>
      new Promise<{ usedSize?: number }>((resolve, reject) => {
        answers.set(id, resolve);
        setTimeout(() => reject(new Error(`${method} took too long`)), answerMsMax).unref();
        socket.send(JSON.stringify({ id, method }));
      });
    // Twice: what a finalizer lets go in the first collection is freed by the second.
    await ask(1, 'HeapProfiler.collectGarbage');
    await ask(2, 'HeapProfiler.collectGarbage');
    return (await ask(3, 'Runtime.getHeapUsage')).usedSize;
  } finally {
    socket.close();
  }
}

/** Node says it on standard error, which is the log; the last one is that of this process. */
async function inspectorAt(logFile: string): Promise<string | undefined> {
  for (let waitedMs = 0; waitedMs < openMsMax; waitedMs += lookEveryMs) {
    const said = (await readFile(logFile, 'utf8')).matchAll(/Debugger listening on (ws:\/\/\S+)/g);
    const address = [...said].at(-1)?.[1];
    if (address) return address;
    await sleep(lookEveryMs);
  }
  return undefined;
}
