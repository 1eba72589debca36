#!/usr/bin/env node
// The command `twicesafe`: makes sure that this Node can run the rest. Plain JavaScript that every Node since 14 reads.

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `twicesafe needs Node 24 or newer and this is ${process.versions.node}; run it through npm (npm ci, then npm start), which brings its own, or install one (nvm install 24).`,
  );
  process.exit(1);
}
await import('./kept-code.mjs');
await import('./main.ts');
