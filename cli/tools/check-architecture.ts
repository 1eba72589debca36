// Holds the imports to .dependency-cruiser.cjs, and fails when hardly anything was read: a parser that finds no file
// finds no violation either.

import { spawnSync } from 'node:child_process';

const folders = ['cli', 'provider-simulator', 'services', 'shared', 'test'];
/** Fewer modules than the project had when this was written means that files were skipped. */
const moduleCountMin = 200;

const cruised = spawnSync(
  'depcruise',
  ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', ...folders],
  { encoding: 'utf8', maxBuffer: 256 * 1024 * 1024 },
);
if (cruised.error) throw cruised.error;

const { summary } = JSON.parse(cruised.stdout) as {
  summary: { totalCruised: number; violations: { rule: { name: string }; from: string; to: string }[] };
};
for (const { rule, from, to } of summary.violations) console.error(`${rule.name}: ${from} imports ${to}`);
if (summary.totalCruised < moduleCountMin) {
  console.error(`only ${summary.totalCruised} modules were read, expected at least ${moduleCountMin}`);
}
console.log(`${summary.totalCruised} modules read, ${summary.violations.length} violations`);
process.exitCode = summary.violations.length > 0 || summary.totalCruised < moduleCountMin ? 1 : 0;
