// Starts a service on a journal of its own: database, journal, what the service makes of them, port; and takes it apart in
// reverse. It knows no service by name.

import type { DescService } from '@bufbuild/protobuf';
import type { ServiceImpl } from '@connectrpc/connect';
import { createJournal, type EntityRules, type Journal, type JournalLimits } from '../journal/index.ts';
import { connectDatabase } from '../mongo/index.ts';
import { authenticationFrom, type RpcServerOptions, startRpcServer } from '../rpc/index.ts';
import {
  createShutdown,
  type RunningService,
  type ServiceConfig,
  type ServiceDeps,
  type Shutdown,
} from '../runtime/index.ts';

/** What a service is started with. */
export interface StartDeps extends ServiceDeps, Pick<RpcServerOptions, 'admissionLimits'> {}

/** What a service is, apart from its database and its port. */
export interface ServiceParts<S extends DescService> {
  readonly implementation: ServiceImpl<S>;
  /** Which of its RPCs are a saga's, and whether a service behind it refuses. What the journal tells is added. */
  readonly load: Pick<NonNullable<RpcServerOptions['load']>, 'sagaRpcs' | 'wasPushedBack'>;
  readonly answerPlain?: RpcServerOptions['answerPlain'];
}

export interface ServiceWiring<S extends DescService> {
  readonly service: S;
  /** Owns the database; begins the name of each writer. */
  readonly name: string;
  /** For the sentence when the port is taken. */
  readonly portVariable: string;
  readonly rules: EntityRules;
  /** Of its journal, where the service knows better than the defaults. */
  readonly journalLimits?: Partial<JournalLimits>;
  readonly config: ServiceConfig;
  readonly deps: StartDeps;
  /** Called once, when the journal is at its tail. What it opens, it gives to `shutdown`. */
  compose(on: { readonly journal: Journal; readonly shutdown: Shutdown }): ServiceParts<S>;
}

/** Resolves when it serves. When it cannot start, everything opened so far is closed and the reason is thrown. */
export async function startOnJournal<S extends DescService>(
  wiring: ServiceWiring<S>,
): Promise<RunningService> {
  const { service, name, portVariable, rules, journalLimits: limits, config, deps, compose } = wiring;
  const { random, log } = deps;
  const shutdown = createShutdown(log);
  try {
    const authentication = authenticationFrom({ tokens: config.authTokens });
    const database = await connectDatabase({
      uri: config.mongodbUri,
      databaseName: config.mongodbDatabase,
      log,
    });
    shutdown.onStop('database', () => database.close());

    const journal = await createJournal({
      ...deps,
      database: database.db,
      rules,
      ...(limits ? { limits } : {}),
      owner: name,
      streamCount: config.journalStreams,
      writer: `${name}-${random.name(4)}`,
    });
    shutdown.onStop('journal', () => journal.close());

    const { implementation, load, answerPlain } = compose({ journal, shutdown });
    const server = await startRpcServer({
      ...deps,
      name,
      host: config.host,
      port: config.port,
      portVariable,
      services: [service],
      routes(router) {
        router.service(service, implementation);
      },
      ...(answerPlain ? { answerPlain } : {}),
      authentication,
      load: { ...load, delayMs: journal.delayMs, isKnown: journal.knows },
    });
    shutdown.onStop('server', () => server.stop());
    server.setServing(true);
    return { port: server.port, stop: () => shutdown.stop() };
  } catch (error) {
    await shutdown.stop();
    throw error;
  }
}
