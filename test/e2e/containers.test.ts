// docker-compose.yml and the Dockerfile as far as they can be tried without containers: what the image would hold is
// copied, with the packages that it would have, and every command and health check of the compose file runs in it.

import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { callJson } from '../../cli/json-call.ts';
import { serviceEnvironment, serviceNodeOptions } from '../../cli/node-options.ts';
import { type Child, freePort, startChild } from '../../shared/processes/index.ts';
import { run } from '../support/commands.ts';
import { freshDatabase } from '../support/database.ts';

const projectDir = fileURLToPath(new URL('../../', import.meta.url));
const readyDurationMsMax = 60_000;
const graceMs = 5_000;

interface ComposeService {
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck: { readonly test: readonly string[] };
}

const ours = ['inventory', 'payment', 'provider', 'order'] as const;
type Name = (typeof ours)[number];

let services: Readonly<Record<string, ComposeService>>;
/** What is copied into the image, what its programs find in their environment, and what it begins with. */
let image: {
  readonly copied: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
};
let folder: string;
let ports: Readonly<Record<Name, number>>;
let databaseUri: string;
const children: Child[] = [];

beforeAll(async () => {
  const composed = await readFile(join(projectDir, 'docker-compose.yml'), 'utf8');
  ({ services } = parse(composed, { merge: true }) as { services: Record<string, ComposeService> });
  image = readDockerfile(await readFile(join(projectDir, 'Dockerfile'), 'utf8'));
  folder = await mkdtemp(join(tmpdir(), 'twicesafe-image-'));
  await fillImage();
  ports = {
    inventory: await freePort(),
    payment: await freePort(),
    provider: await freePort(),
    order: await freePort(),
  };
  databaseUri = (await freshDatabase()).uri;
});

afterAll(async () => {
  for (const child of children.reverse()) await child.stop(graceMs);
  await rm(folder, { recursive: true, force: true });
});

function readDockerfile(text: string): typeof image {
  const copied = [...text.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, names = '']) => names.split(' '));
  const [, entrypoint = '[]'] = /^ENTRYPOINT (\[.+\])$/m.exec(text) ?? [];
  const [, set = ''] = /^ENV (.+)$/m.exec(text) ?? [];
  const environment = Object.fromEntries(set.split(' ').map((each) => each.split('=') as [string, string]));
  return { copied, environment, entrypoint: JSON.parse(entrypoint) as string[] };
}

/** As `COPY` and `npm ci --omit=dev --omit=optional` would: a package that only tests need is not there. */
async function fillImage(): Promise<void> {
  for (const name of image.copied) await cp(join(projectDir, name), join(folder, name), { recursive: true });
  const lock = JSON.parse(await readFile(join(projectDir, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: true; optional?: true; devOptional?: true }>;
  };
  for (const [path, { dev, optional, devOptional }] of Object.entries(lock.packages)) {
    if (dev || optional || devOptional || !/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path)) continue;
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await symlink(join(projectDir, path), join(folder, path));
  }
}

/** The value as compose gives it when nothing is set around it, with this machine's addresses instead of the containers'. */
function here(value: string): string {
  const unset = value.replace(/\$\{[A-Z_]+:-([^}]*)\}/g, '$1');
  return ours.reduce(
    (text, name) => text.replaceAll(`http://${name}:${portInside(name)}`, `http://127.0.0.1:${ports[name]}`),
    unset
      .replace(/mongodb:\/\/mongo:27017\/\S*/, databaseUri)
      .replace('/books/', `${folder}/`)
      .replace('0.0.0.0', '127.0.0.1'),
  );
}

/** `127.0.0.1:7001:7001` */
function portInside(name: Name): number {
  return Number(services[name]?.ports?.[0]?.split(':')[2]);
}

async function start(name: Name): Promise<void> {
  const service = services[name];
  if (!service) throw new Error(`docker-compose.yml has no service ${name}`);
  const [node, ...args] = [...(service.entrypoint ?? image.entrypoint), ...(service.command ?? [])];
  expect(node).toBe('node');
  const environment = Object.entries(service.environment ?? {}).map(([key, value]) => [key, here(value)]);
  const child = await startChild({
    name,
    command: process.execPath,
    args,
    cwd: folder,
    env: {
      PATH: process.env['PATH'],
      ...(Object.fromEntries(environment) as Record<string, string>),
      [`${name.toUpperCase()}_PORT`]: String(ports[name]),
    },
    logFile: join(folder, `${name}.log`),
    readyLine: / listening on /,
    readyDurationMsMax,
  });
  children.push(child);
}

async function isHealthy(name: Name): Promise<boolean> {
  const [kind, node, ...args] = services[name]?.healthcheck.test ?? [];
  expect([kind, node]).toEqual(['CMD', 'node']);
  const inside = `127.0.0.1:${portInside(name)}`;
  const script = args.map((arg) => arg.replace(inside, `127.0.0.1:${ports[name]}`));
  const { code } = await run(
    process.execPath,
    script.map((arg) => (arg.startsWith('cli/') ? join(folder, arg) : arg)),
  );
  return code === 0;
}

test('nothing is bound beyond this machine, and who depends on whom is there', () => {
  for (const [name, { ports: bound = [], depends_on = {} }] of Object.entries(services)) {
    for (const port of bound) expect(port, name).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
    for (const other of Object.keys(depends_on)) expect(services).toHaveProperty(other);
  }
  expect(Object.keys(services).sort()).toEqual(['inventory', 'mongo', 'order', 'payment', 'provider']);
});

test('Node is told the same in an image, by npm run services and by npm start', async () => {
  const { scripts } = JSON.parse(await readFile(join(projectDir, 'package.json'), 'utf8'));
  const services = ['node', ...serviceNodeOptions, 'cli/twicesafe.mjs', 'service'];
  expect(image.entrypoint).toEqual(services);
  expect(image.environment).toMatchObject(serviceEnvironment);
  expect(scripts.services).toBe(services.join(' '));
});

test('what the image ignores is not what it copies', async () => {
  const lines = (await readFile(join(projectDir, '.dockerignore'), 'utf8')).split('\n');
  for (const name of image.copied) expect(lines, '.dockerignore').toContain(`!${name}`);
  const folders = (await readdir(projectDir, { withFileTypes: true })).map(({ name }) => name);
  for (const name of image.copied) expect(folders).toContain(name);
});

test('every command starts in what the image would hold, and its health check says so', async () => {
  for (const name of ours) {
    expect(await isHealthy(name), `${name} before it is started`).toBe(false);
    await start(name);
    await expect.poll(() => isHealthy(name), { timeout: readyDurationMsMax }).toBe(true);
  }
});

test('an order by card goes through all of them, with the example tokens, and stands in the provider’s books', async () => {
  const at = (name: Name) => `http://127.0.0.1:${ports[name]}`;
  const [token] = here(services['order']?.environment?.['AUTH_TOKENS'] ?? '').split('=');
  const as = { ...(token === undefined ? {} : { token }) };
  await callJson({
    address: at('inventory'),
    rpc: 'twicesafe.inventory.v1.InventoryService/PutItem',
    requestId: 'compose:item',
    request: { sku: 'tea', name: 'tea', price: { amountMinorUnits: '450', currency: 'EUR' }, onHand: '10' },
    ...as,
  });
  const { order } = (await callJson({
    address: at('order'),
    rpc: 'twicesafe.order.v1.OrderService/PlaceOrder',
    requestId: 'compose:order',
    request: { card: { paymentMethod: 'pm_card_visa' }, lines: [{ sku: 'tea', quantity: 2 }] },
    ...as,
  })) as { order: { orderId: string; status: string } };
  expect(order.status).toBe('ORDER_STATUS_CONFIRMED');
  const books = await fetch(`${at('provider')}/admin/books`);
  expect(await books.json()).toMatchObject({
    payments: [{ taken: 900, metadata: { payment: `payment/order/card.${order.orderId}` } }],
  });
});
