import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { endLeftover, recordChild } from '../../../shared/processes/index.ts';

async function newRecordFile(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'twicesafe-ownership-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'child.process.json');
}

async function startIdle(): Promise<{ pid: number; gone: Promise<unknown> }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  onTestFinished(() => void child.kill('SIGKILL'));
  if (!child.pid) throw new Error('no pid');
  return { pid: child.pid, gone: once(child, 'exit') };
}

/** As if the process that wrote the record had died. */
async function makeOwnerDead(recordFile: string): Promise<void> {
  const record = JSON.parse(await readFile(recordFile, 'utf8'));
  record.owner.mark = 'another life';
  await writeFile(recordFile, JSON.stringify(record));
}

test('a child whose owner is gone is ended', async () => {
  const recordFile = await newRecordFile();
  const child = await startIdle();
  await recordChild(recordFile, child.pid);
  await makeOwnerDead(recordFile);

  expect(await endLeftover(recordFile)).toBe(child.pid);
  expect(await child.gone).toEqual([null, 'SIGTERM']);
});

test('a child whose owner lives is left alone', async () => {
  const recordFile = await newRecordFile();
  const child = await startIdle();
  await recordChild(recordFile, child.pid);

  await expect(endLeftover(recordFile)).rejects.toThrow(`it is in use by process ${process.pid}`);
  expect(process.kill(child.pid, 0)).toBe(true);
});

test('another process that got the same number later is left alone', async () => {
  const recordFile = await newRecordFile();
  const child = await startIdle();
  await recordChild(recordFile, child.pid);
  await makeOwnerDead(recordFile);
  const record = JSON.parse(await readFile(recordFile, 'utf8'));
  record.child.mark = record.child.mark.replace(/^\d+/, '1');
  await writeFile(recordFile, JSON.stringify(record));

  expect(await endLeftover(recordFile)).toBeUndefined();
  expect(process.kill(child.pid, 0)).toBe(true);
});

test('without a record there is nothing to end', async () => {
  expect(await endLeftover(await newRecordFile())).toBeUndefined();
});
