// `twicesafe service <name>`: one service in the foreground, as a deployment runs it. Signals and settings are its own.

import type { ServiceName } from './settings.ts';

/** Resolves when the service is being started; it then keeps the process alive until it is told to stop. */
export async function runService(name: ServiceName, environment: NodeJS.ProcessEnv): Promise<void> {
  if (!environment['MONGODB_URI']) {
    throw new Error(
      'MONGODB_URI is not set; a single service needs the address of a MongoDB (npm start brings its own for all three).',
    );
  }
  await import(`../services/${name}/main.ts`);
}
