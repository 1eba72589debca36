#!/usr/bin/env node
// The command `twicesafe`: makes sure that this Node can run the rest. Plain JavaScript that every Node since 14 reads.

import module from 'node:module';
import { fileURLToPath } from 'node:url';

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `twicesafe needs Node 24 or newer and this is ${process.versions.node}; run it through npm (npm ci, then npm start), which brings its own, or install one (nvm install 24).`,
  );
  process.exit(1);
}
// Compiled code is kept (NODE_DISABLE_COMPILE_CACHE=1: it is not) for this process and the services that it starts. Among the
// packages, not in Node's own place for it: there, in the folder for temporary files, another user could put his.
const { directory } = module.enableCompileCache(
  fileURLToPath(new URL('../node_modules/.cache/twicesafe', import.meta.url)),
);
if (directory !== undefined) process.env.NODE_COMPILE_CACHE ??= directory;
await import('./main.ts');
