// The command line: its commands and their options. What each does is in a file of its name, loaded only when it is asked
// for: a container that runs one service loads no supervisor.

import { Command, InvalidArgumentError, Option } from 'commander';
import { benchCommand } from './bench/options.ts';
import { reportProblem } from './console.ts';
import { isServiceName, serviceNames } from './settings.ts';
import { stormCommand } from './storm/options.ts';

const program = new Command('twicesafe').description(
  'Order, inventory and payment services whose every call is safe to make twice.',
);

program
  .command('up')
  .description('start a database and the three services here, with demo items, and print what to try')
  .action(async () => {
    const { runUp } = await import('./up.ts');
    process.exitCode = await runUp(process.env);
  });

program
  .command('service')
  .description('run one service in the foreground against MONGODB_URI')
  .argument('<name>', serviceNames.join(', '))
  .action(async (name: string) => {
    if (!isServiceName(name))
      throw new Error(`There is no service "${name}"; it is one of ${serviceNames.join(', ')}.`);
    const { runService } = await import('./service.ts');
    await runService(name, process.env);
  });

program
  .command('health')
  .description('exit with 0 when the service at the address serves')
  .argument('<address>', 'such as http://127.0.0.1:7001')
  .action(async (address: string) => {
    const { runHealth } = await import('./health.ts');
    process.exitCode = await runHealth(address);
  });

program
  .command('audit')
  .description(
    'ask the three services for their audits, compare them, and print a verdict on every invariant',
  )
  .addOption(addressOption('order', 7001))
  .addOption(addressOption('inventory', 7002))
  .addOption(addressOption('payment', 7003))
  .addOption(new Option('--token <token>', "an operator's token").env('OPERATOR_TOKEN'))
  .option('--settle <seconds>', 'how long to wait for orders under way', wholeSeconds, 30)
  .action(async (options) => {
    const { runAudit } = await import('./audit.ts');
    process.exitCode = await runAudit(options);
  });

program.addCommand(
  stormCommand(async (options) => {
    const { runStorm } = await import('./storm.ts');
    return runStorm(options);
  }),
);

program.addCommand(
  benchCommand(async (options) => {
    const { runBench } = await import('./bench.ts');
    return runBench(options);
  }),
);

program
  .command('compact')
  .description('move old journal entries into segments that keep their keys, beside running services')
  .option('--database <name...>', 'which; by default the three services’')
  .option('--stream <name...>', 'which; by default all, such as s0')
  .option('--older-than <age>', 'such as 30d, 12h, 45m or 10s', duration, 30 * 86_400_000)
  .option('--newest-kept <entries>', 'of each stream, before its checkpoint', wholeEntries, 1_000)
  .action(async ({ olderThan, ...options }) => {
    const { runCompact } = await import('./compact.ts');
    process.exitCode = await runCompact({ ...options, olderThanMs: olderThan }, process.env);
  });

program
  .command('journal')
  .description(
    'show what a service recorded, one op a line, as JSON: the newest, or of one entity, or under one key',
  )
  .argument('<service>', serviceNames.join(', '))
  .option('--entity <name>', 'such as order/9fd6657c0f78264715d483639420c748')
  .option('--key <key>', 'such as req/anonymous/PlaceOrder/walk-0001')
  .option('--stream <name>', 'whose entries', 's0')
  .option('--from <seq>', 'from this entry on; by default the newest ones', wholeEntries)
  .option('--limit <entries>', 'at the most', wholeEntries, 200)
  .option('--database <name>', 'by default twicesafe_ and the service')
  .action(async (name: string, options) => {
    if (!isServiceName(name))
      throw new Error(`There is no service "${name}"; it is one of ${serviceNames.join(', ')}.`);
    const { runJournal } = await import('./journal.ts');
    process.exitCode = await runJournal(name, options, process.env);
  });

program
  .command('sabotage')
  .description('make one line after the other wrong, each in a copy, and show which test notices')
  .option('--only <name>', 'one sabotage alone')
  .option('--list', 'name them and what must catch them, and run nothing')
  .action(async (options) => {
    const { runSabotage } = await import('./sabotage.ts');
    process.exitCode = await runSabotage(options);
  });

program
  .command('reconcile')
  .description("compare the card provider's books with the payment service's, both ways")
  .addOption(addressOption('payment', 7003))
  .addOption(new Option('--token <token>', "an operator's token").env('OPERATOR_TOKEN'))
  .option('--since <days>', 'how many days back', wholeDays, 30)
  .option('--from <page>', 'where an interrupted comparison goes on')
  .option('--settle <seconds>', 'how long to wait for payments under way', wholeSeconds, 30)
  .action(async (options) => {
    const { runReconcile } = await import('./reconcile.ts');
    process.exitCode = await runReconcile(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  reportProblem(error);
  process.exitCode = 1;
}

function duration(text: string): number {
  const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  const [, count, unit] = /^(\d{1,5})([smhd])$/.exec(text) ?? [];
  const unitMs = unitsMs[unit ?? ''];
  if (count === undefined || unitMs === undefined) {
    throw new InvalidArgumentError('It must be a whole number and a unit: 30d, 12h, 45m or 10s.');
  }
  return Number(count) * unitMs;
}

function wholeEntries(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of entries.');
  return Number(text);
}

function wholeDays(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of days.');
  return Number(text);
}

function wholeSeconds(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of seconds.');
  return Number(text);
}

/** The same ports as `up`, so that the two fit together without options. */
function addressOption(service: string, defaultPort: number): Option {
  const port = process.env[`${service.toUpperCase()}_PORT`] || defaultPort;
  return new Option(`--${service} <address>`, `the ${service} service`)
    .default(`http://127.0.0.1:${port}`)
    .env(`${service.toUpperCase()}_ADDRESS`);
}
