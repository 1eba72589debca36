// What a process loads and what it keeps for the next start: memory and time that nobody sees in an answer.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const launcher = fileURLToPath(new URL('../../cli/twicesafe.mjs', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'twicesafe-code-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Resolves with what it printed; rejects when it failed. */
async function runNode(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  cwd = process.cwd(),
): Promise<string> {
  const env = { ...process.env, ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, cwd });
  return stdout;
}

test('the payment service has Stripe’s SDK for card payments alone', async () => {
  const payment = new URL('../../services/payment/', import.meta.url);
  const program = `
    import { registerHooks } from 'node:module';
    let loaded = 0;
    registerHooks({ load(url, context, next) { loaded += Number(url.includes('/node_modules/stripe/')); return next(url, context); } });
    await import(${JSON.stringify(new URL('server.ts', payment).href)});
    const before = loaded;
    await import(${JSON.stringify(new URL('provider/stripe-provider.ts', payment).href)});
    console.log(JSON.stringify({ before, hasMore: loaded > before }));`;
  const printed = await runNode(['--input-type=module', '--eval', program], {});
  expect(JSON.parse(printed)).toEqual({ before: 0, hasMore: true });
});

test('what was compiled is kept where it can be, and runs the same from there', async () => {
  const kept = join(folder, 'kept');
  const first = await runNode([launcher, '--help'], { NODE_COMPILE_CACHE: kept });
  expect((await readdir(kept, { recursive: true })).length).toBeGreaterThan(3);
  expect(await runNode([launcher, '--help'], { NODE_COMPILE_CACHE: kept })).toBe(first);
});

test('nothing is left in the folder that a command was called in', async () => {
  const cwd = join(folder, 'called-here');
  await mkdir(cwd);
  await runNode([launcher, '--help'], { NODE_COMPILE_CACHE: '' }, cwd);
  expect(await readdir(cwd)).toEqual([]);
});

test('a command runs without a place to keep it', async () => {
  const file = join(folder, 'file');
  await writeFile(file, 'no folder');
  const printed = await runNode([launcher, '--help'], { NODE_COMPILE_CACHE: join(file, 'kept') });
  expect(printed).toContain('Usage: twicesafe');
});
