// The command line: three commands and their options. What each does is in a file of its name.

import { Command, Option } from 'commander';
import { runAudit } from './audit.ts';
import { reportProblem } from './console.ts';
import { runService } from './service.ts';
import { isServiceName, serviceNames } from './settings.ts';
import { runUp } from './up.ts';

const program = new Command('twicesafe').description(
  'Order, inventory and payment services whose every call is safe to make twice.',
);

program
  .command('up')
  .description('start a database and the three services here, with demo items, and print what to try')
  .action(async () => {
    process.exitCode = await runUp(process.env);
  });

program
  .command('service')
  .description('run one service in the foreground against MONGODB_URI')
  .argument('<name>', serviceNames.join(', '))
  .action(async (name: string) => {
    if (!isServiceName(name))
      throw new Error(`There is no service "${name}"; it is one of ${serviceNames.join(', ')}.`);
    await runService(name, process.env);
  });

program
  .command('audit')
  .description(
    'ask the three services for their audits, compare them, and print a verdict on every invariant',
  )
  .addOption(
    new Option('--order <address>', 'the order service')
      .default('http://localhost:7001')
      .env('ORDER_ADDRESS'),
  )
  .addOption(
    new Option('--inventory <address>', 'the inventory service')
      .default('http://localhost:7002')
      .env('INVENTORY_ADDRESS'),
  )
  .addOption(
    new Option('--payment <address>', 'the payment service')
      .default('http://localhost:7003')
      .env('PAYMENT_ADDRESS'),
  )
  .addOption(new Option('--token <token>', "an operator's token").env('AUDIT_TOKEN'))
  .action(async (options) => {
    process.exitCode = await runAudit(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  reportProblem(error);
  process.exitCode = 1;
}
