// Fails when shared/gen or docs/reference is not what the protos give: generates both aside and compares every byte.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { buf, projectDir } from './buf.ts';
import { referenceDir, renderReference } from './reference.ts';

const generatedDir = 'shared/gen';

/** Path within the project → text. */
type Files = ReadonlyMap<string, string>;

const expected = new Map([...(await generateCode()), ...(await generateReference())]);
const actual = new Map([
  ...(await readTree(projectDir, generatedDir)),
  ...(await readTree(projectDir, referenceDir)),
]);

const differing = [...new Set([...expected.keys(), ...actual.keys()])]
  .filter((path) => expected.get(path) !== actual.get(path))
  .sort();
if (differing.length > 0) {
  console.error('Not what the protos give; run npm run generate and commit:');
  for (const path of differing) console.error(`  ${path}`);
  process.exit(1);
}

async function generateCode(): Promise<Files> {
  const aside = await mkdtemp(join(tmpdir(), 'twicesafe-gen-'));
  try {
    await buf('generate', '--output', aside);
    return await readTree(aside, generatedDir);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

async function generateReference(): Promise<Files> {
  return new Map([...(await renderReference())].map(([name, text]) => [join(referenceDir, name), text]));
}

async function readTree(root: string, dir: string): Promise<Files> {
  const files = new Map<string, string>();
  const entries = await readdir(join(root, dir), { recursive: true, withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(root, path), await readFile(path, 'utf8'));
  }
  return files;
}
