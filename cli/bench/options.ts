// What a benchmark can be told: its options with their defaults and the reasons for them, as `twicesafe bench` takes them.

import { Command, InvalidArgumentError } from 'commander';
import { measurementNames } from './plan.ts';

export interface BenchOptions {
  readonly rounds: number;
  readonly seconds: number;
  /** Names of measurements; undefined: all of them. */
  readonly only: readonly string[] | undefined;
  /** Orders that fill the journals, and entries that fill a stream. */
  readonly grow: number;
  readonly loadProcesses: number;
  readonly jsonFile: string | undefined;
  readonly htmlFile: string | undefined;
  /** A file that an earlier run wrote. */
  readonly compareFile: string | undefined;
}

/** An odd number has a median that was measured; five show whether one was out of line. */
const roundsDefault = 5;
/** Some thousand orders: a p99 of them is of tens. */
const secondsDefault = 6;
/** One makes some thousands of calls a second; two, so that it is never one process that is measured. */
const loadProcessesDefault = 2;
/** Half a minute. The goals are about a million, which takes a quarter of an hour and more. */
const growDefault = 20_000;

interface Raw {
  rounds: number;
  seconds: number;
  only?: string[];
  grow: number;
  loadProcesses: number;
  json?: string;
  html?: string;
  compare?: string;
}

/** The command. `run` gets the options and returns the exit code. */
export function benchCommand(run: (options: BenchOptions) => Promise<number>): Command {
  return new Command('bench')
    .description('measure what the services do on this machine, and hold it against the goals')
    .option('--rounds <count>', 'how often everything is measured', positive, roundsDefault)
    .option('--seconds <seconds>', 'how long a closed loop is measured', positive, secondsDefault)
    .option('--only <names>', `some measurements, with commas between: ${measurementNames.join(', ')}`, list)
    .option(
      '--grow <count>',
      'orders, and entries of one stream, of the grown database',
      positive,
      growDefault,
    )
    .option('--load-processes <count>', 'processes that make the load', positive, loadProcessesDefault)
    .option('--json <file>', 'every value of every round goes there')
    .option('--html <file>', 'one page with charts goes there')
    .option('--compare <file>', 'say what changed since the run that wrote this with --json')
    .addHelpText(
      'after',
      '\nExit: 0 every goal reached, 1 one missed or not measured, 3 it could not be run.',
    )
    .action(async (raw: Raw) => {
      process.exitCode = await run({
        rounds: raw.rounds,
        seconds: raw.seconds,
        only: raw.only,
        grow: raw.grow,
        loadProcesses: raw.loadProcesses,
        jsonFile: raw.json,
        htmlFile: raw.html,
        compareFile: raw.compare,
      });
    });
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}

function list(text: string): string[] {
  return text.split(',').filter((entry) => entry !== '');
}
