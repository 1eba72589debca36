// Writes docs/reference/: one page for each service, made of the comments, types and rules of its protos and of nothing
// else, so that the same protos always give the same bytes.

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { referenceDir, renderReference } from './reference.ts';

const dir = fileURLToPath(new URL(`../../${referenceDir}/`, import.meta.url));
await rm(dir, { recursive: true, force: true });
await mkdir(dir, { recursive: true });
for (const [name, text] of await renderReference()) await writeFile(join(dir, name), text);
