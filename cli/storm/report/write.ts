// Writes report.json and report.html. The page carries its data, its charts' library and its style inside, so that it can
// be mailed and opened years later.

import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { StormReport } from './report.ts';

/** Findings in the page; report.json has them all. */
const findingsMax = 200;

export async function writeReport(report: StormReport): Promise<void> {
  await writeFile(report.files.json, `${JSON.stringify(report, undefined, 2)}\n`);
  await writeFile(report.files.html, await pageOf(report));
}

async function pageOf(report: StormReport): Promise<string> {
  const own = (name: string) => readFile(new URL(name, import.meta.url), 'utf8');
  const uplotDir = join(dirname(createRequire(import.meta.url).resolve('uplot/package.json')), 'dist');
  const [template, style, page, charts, uplot, uplotStyle] = await Promise.all([
    own('page.html'),
    own('page.css'),
    own('page.js'),
    own('charts.js'),
    readFile(join(uplotDir, 'uPlot.iife.min.js'), 'utf8'),
    readFile(join(uplotDir, 'uPlot.min.css'), 'utf8'),
  ]);
  const verdict = { ...report.verdict, findings: report.verdict.findings.slice(0, findingsMax) };
  // A "</script>" inside the data would end the page's script.
  const data = JSON.stringify({ ...report, verdict }).replaceAll('<', '\\u003c');
  const styles = `<style>${uplotStyle}\n${style}</style>`;
  const scripts = [
    `<script>${uplot}</script>`,
    `<script id="data" type="application/json">${data}</script>`,
    `<script>${page}</script>`,
    `<script>${charts}</script>`,
  ].join('\n');
  // As functions: in a text, "$&" and its like would be filled in.
  return template.replace('<!-- styles -->', () => styles).replace('<!-- scripts -->', () => scripts);
}
