// `twicesafe up`: everything on this machine with one command, until Ctrl-C.

import { randomUUID } from 'node:crypto';
import { join, relative } from 'node:path';
import { endLeftover, InUseError, isPortFree } from '../shared/processes/index.ts';
import { report, reportProblem } from './console.ts';
import { putInDemo } from './demo.ts';
import { portVariables, readSettings, type Settings, serviceNames } from './settings.ts';
import { type Suite, startSuite } from './suite.ts';
import { welcome } from './welcome.ts';

/** Runs until a signal and returns the exit code: 0 after a stop that was asked for, 1 when it could not start. */
export async function runUp(environment: NodeJS.ProcessEnv): Promise<number> {
  const stopping = stopRequested();
  try {
    const settings = readSettings(environment);
    await endLeftoverServices(settings);
    await requireFreePorts(settings);
    const suite = await startSuite({
      dataDir: settings.dataDir,
      services: serviceNames.map((name) => ({ name, service: name, port: settings.ports[name] })),
      ...(settings.providerPort === undefined ? {} : { provider: { port: settings.providerPort } }),
      restart: 'by-itself',
      environment: withServiceToken(environment),
      report,
      signal: stopping,
    });
    try {
      await introduce(suite, settings);
      await aborted(stopping);
      report('stopping; the data stays');
    } finally {
      await suite.stop();
    }
  } catch (error) {
    // A stop during the start shows itself as a start that failed.
    if (stopping.aborted) return 0;
    reportProblem(error);
    return 1;
  }
  return 0;
}

async function introduce(suite: Suite, settings: Settings): Promise<void> {
  const addressOf = (name: string) => suite.addresses.get(name) ?? '';
  await putInDemo({
    inventoryAddress: addressOf('inventory'),
    paymentAddress: addressOf('payment'),
    token: settings.operatorToken,
  });
  report(
    welcome({
      services: serviceNames.map((name) => ({
        name,
        port: settings.ports[name],
        pid: suite.processes.get(name)?.pid(),
      })),
      provider:
        settings.providerPort === undefined
          ? undefined
          : { port: settings.providerPort, pid: suite.processes.get('provider')?.pid() },
      database: { uri: suite.databaseUri, pid: suite.processes.get('database')?.pid() },
      dataDir: relative('', settings.dataDir) || '.',
      requestId: randomUUID(),
      token: settings.operatorToken,
    }),
  );
}

/**
 * With AUTH_TOKENS the order service must be a caller of the other two. Whoever did not name it one gets a token that
 * lives as long as this run: without it every order would wait for its deadline in vain.
 */
function withServiceToken(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { AUTH_TOKENS, SERVICE_TOKEN } = environment;
  if (!AUTH_TOKENS || SERVICE_TOKEN) return environment;
  const token = randomUUID();
  return { ...environment, SERVICE_TOKEN: token, AUTH_TOKENS: `${AUTH_TOKENS},${token}=order:saga` };
}

/** A run that was killed with -9 left its services behind; they would hold the ports. */
async function endLeftoverServices(settings: Settings): Promise<void> {
  for (const name of [...serviceNames, 'provider']) {
    try {
      const pid = await endLeftover(join(settings.dataDir, `${name}.process.json`));
      if (pid !== undefined)
        report(`ended the ${name} process (pid ${pid}) that an earlier run had left behind`);
    } catch (error) {
      if (!(error instanceof InUseError)) throw error;
      throw new Error(
        `twicesafe is running on ${settings.dataDir} already (process ${error.ownerPid}); stop that one, or set another DATA_DIR and other ports.`,
      );
    }
  }
}

async function requireFreePorts({ ports, providerPort }: Settings): Promise<void> {
  for (const name of serviceNames) await requireFree(ports[name], `the ${name} service`, portVariables[name]);
  if (providerPort !== undefined) await requireFree(providerPort, 'the card provider', 'PROVIDER_PORT');
}

async function requireFree(port: number, who: string, variable: string): Promise<void> {
  if (await isPortFree('127.0.0.1', port)) return;
  throw new Error(
    `Port ${port} is taken, and ${who} needs it; stop what listens there, or set ${variable} to another port.`,
  );
}

/** Aborts at the first signal. Further ones are ignored: npm sends each Ctrl-C a second time, and the stop is bounded. */
function stopRequested(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => controller.abort());
  return controller.signal;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    // The listener alone does not keep the process alive; the children do.
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
