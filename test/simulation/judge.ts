// The judge: what must hold when everything is at rest. It compares three things that know nothing of each other: what
// callers were told, what the databases hold, and what the services' own audits say.

import { create, type DescMessage, type Message } from '@bufbuild/protobuf';
import { createHandlerContext, type Transport } from '@connectrpc/connect';
import { ask } from '../../cli/audit/ask.ts';
import { compare } from '../../cli/audit/compare.ts';
import { type InvariantLine, verdicts } from '../../cli/audit/verdicts.ts';
import { callerKey } from '../../shared/rpc/caller.ts';
import { type Auditor, booksOf } from './books.ts';
import type { Callers } from './callers.ts';
import type { Ledger } from './ledger.ts';
import type { Plan } from './plan.ts';
import type { ServiceName, Suite } from './suite.ts';

const patient = { budgetMs: 20_000, tries: 20 };

export async function judge(deps: {
  plan: Plan;
  suite: Suite;
  callers: Callers;
  ledger: Ledger;
  /** Told what the audits say of each invariant, and how much they had to look at. */
  onVerdicts?(lines: readonly InvariantLine[]): void;
}): Promise<string[]> {
  const { plan, suite, callers, ledger } = deps;
  const failures: string[] = [];
  for (const { request } of ledger.accounts()) {
    const account = await callers.ask(request, patient);
    if (!account.definite) failures.push(`${request.method.name} ${request.requestId} never got an answer`);
  }
  failures.push(...ledger.lies());

  const auditors = {
    order: await suite.auditor('order'),
    inventory: await suite.auditor('inventory'),
    payment: await suite.auditor('payment'),
  };
  const asked = await ask({ order: 'order', inventory: 'inventory', payment: 'payment' }, (address) =>
    transportTo(auditors[address as ServiceName]),
  );
  const comparison = compare(asked.facts);
  for (const { invariant, entity, description } of [...asked.findings, ...comparison.findings]) {
    failures.push(`${invariant} ${entity}: ${description}`);
  }
  const lines = verdicts(asked, comparison);
  deps.onVerdicts?.(lines);
  for (const { invariant, verdict, reason } of lines) {
    if (verdict !== 'holds') failures.push(`${invariant} ${verdict} ${reason}`);
  }
  failures.push(...(await booksOf({ plan, callers, ledger, auditors, provider: suite.provider })));
  return failures;
}

/** Straight into the auditor, without a network: an audit is a stream, and nothing is in its way. */
function transportTo({ implementation }: Auditor): Transport {
  return {
    unary: () => Promise.reject(new Error('an audit is a stream')),
    async stream(method, _signal, _timeoutMs, _header, input) {
      const context = createHandlerContext({
        service: method.parent,
        method,
        protocolName: 'connect',
        requestMethod: 'POST',
        url: 'https://simulated/audit',
      });
      context.values.set(callerKey, { name: 'operator', operator: true, runsSagas: false });
      const handlers = implementation as unknown as Record<
        string,
        (request: unknown, context: unknown) => AsyncIterable<Message>
      >;
      const [request] = await Array.fromAsync(input);
      const handler = handlers[method.localName];
      if (!handler) throw new Error(`${method.name} is not implemented`);
      return {
        stream: true as const,
        service: method.parent,
        method,
        header: new Headers(),
        trailer: new Headers(),
        message: whole(method.output, handler(request, context)) as never,
      };
    },
  };
}

/** Handlers give the fields they set; a message has all of them. */
async function* whole(schema: DescMessage, parts: AsyncIterable<Message>): AsyncIterable<Message> {
  for await (const part of parts) yield create(schema, part);
}
