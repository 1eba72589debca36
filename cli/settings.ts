// What the environment says to the command line: ports, where the data is, and the names of the services.

export const serviceNames = ['order', 'inventory', 'payment'] as const;
export type ServiceName = (typeof serviceNames)[number];

export function isServiceName(name: string): name is ServiceName {
  return (serviceNames as readonly string[]).includes(name);
}

export const portVariables: Readonly<Record<ServiceName, string>> = {
  order: 'ORDER_PORT',
  inventory: 'INVENTORY_PORT',
  payment: 'PAYMENT_PORT',
};

const defaultPorts: Readonly<Record<ServiceName, number>> = { order: 7001, inventory: 7002, payment: 7003 };

export interface Settings {
  readonly ports: Readonly<Record<ServiceName, number>>;
  readonly dataDir: string;
  /** The first of AUTH_TOKENS that is an operator's, for the calls that `up` makes and prints. Undefined: no authentication. */
  readonly operatorToken: string | undefined;
}

/** Throws one sentence that names the variable. */
export function readSettings(environment: NodeJS.ProcessEnv): Settings {
  const ports = {
    order: readPort('order', environment),
    inventory: readPort('inventory', environment),
    payment: readPort('payment', environment),
  };
  if (new Set(Object.values(ports)).size < serviceNames.length) {
    throw new Error('ORDER_PORT, INVENTORY_PORT and PAYMENT_PORT must be three different ports.');
  }
  return {
    ports,
    dataDir: environment['DATA_DIR'] || '.data',
    operatorToken: readOperatorToken(environment['AUTH_TOKENS']),
  };
}

function readPort(service: ServiceName, environment: NodeJS.ProcessEnv): number {
  const variable = portVariables[service];
  const text = environment[variable];
  if (!text) return defaultPorts[service];
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`${variable} is "${text}"; it must be a port, 1 to 65535.`);
  }
  return port;
}

function readOperatorToken(tokens: string | undefined): string | undefined {
  if (!tokens) return undefined;
  const operator = tokens.split(',').find((entry) => entry.trim().endsWith(':operator'));
  if (!operator) {
    throw new Error(
      'AUTH_TOKENS names no operator (token=name:operator), whom `up` needs to put its demo items in.',
    );
  }
  return operator.trim().split('=')[0];
}
