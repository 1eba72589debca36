import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { Client, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from '../../shared/gen/grpc/health/v1/health_pb.ts';
import * as v1 from '../../shared/gen/grpc/reflection/v1/reflection_pb.ts';
import * as v1alpha from '../../shared/gen/grpc/reflection/v1alpha/reflection_pb.ts';
import { startToyOrders, type ToyServer } from '../support/toy-order-server.ts';

let server: ToyServer;

// With tokens: tools and probes get through without one.
beforeAll(async () => {
  server = await startToyOrders({ tokens: 'token-of-alice=alice' });
});

afterAll(() => server.stop());

/** Asks one question over a bidirectional stream, as grpcurl does. */
async function ask<I extends DescMessage, O extends DescMessage>(
  path: string,
  input: I,
  output: O,
  question: MessageInitShape<I>,
): Promise<MessageShape<O>> {
  const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
  const stream = client.makeBidiStreamRequest(
    path,
    (message: MessageShape<I>) => Buffer.from(toBinary(input, message)),
    (bytes: Buffer) => fromBinary(output, bytes),
  );
  stream.write(create(input, question));
  stream.end();
  const answers: MessageShape<O>[] = [];
  for await (const answer of stream) answers.push(answer);
  client.close();
  const [answer] = answers;
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
const askV1 = async (messageRequest: v1.ServerReflectionRequest['messageRequest']) =>
  (await ask(path, v1.ServerReflectionRequestSchema, v1.ServerReflectionResponseSchema, { messageRequest }))
    .messageResponse;

const serviceNames = [
  'twicesafe.order.v1.OrderService',
  'grpc.health.v1.Health',
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
];

function fileNames(answer: v1.ServerReflectionResponse['messageResponse']): string[] {
  if (answer.case !== 'fileDescriptorResponse') throw new Error(`answered ${answer.case}`);
  return answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name);
}

test('reflection v1 and v1alpha list the services, health and reflection included', async () => {
  const listed = await askV1({ case: 'listServices', value: '' });
  expect(listed).toMatchObject({ value: { service: serviceNames.map((name) => ({ name })) } });
  const alpha = await ask(
    '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
    v1alpha.ServerReflectionRequestSchema,
    v1alpha.ServerReflectionResponseSchema,
    { messageRequest: { case: 'listServices', value: '' } },
  );
  expect(alpha.messageResponse).toMatchObject({ value: { service: serviceNames.map((name) => ({ name })) } });
});

test('a symbol is answered with its file first and all files that it depends on', async () => {
  const names = fileNames(
    await askV1({ case: 'fileContainingSymbol', value: 'twicesafe.order.v1.OrderService' }),
  );
  expect(names[0]).toBe('twicesafe/order/v1/order.proto');
  expect([...names].sort()).toEqual([
    'buf/validate/validate.proto',
    'google/protobuf/descriptor.proto',
    'google/protobuf/duration.proto',
    'google/protobuf/field_mask.proto',
    'google/protobuf/timestamp.proto',
    'twicesafe/audit/v1/audit.proto',
    'twicesafe/money/v1/money.proto',
    'twicesafe/order/v1/order.proto',
  ]);
});

test("the messages of an error's details are found, so that a tool can print them", async () => {
  const names = fileNames(await askV1({ case: 'fileContainingSymbol', value: 'google.rpc.ErrorInfo' }));
  expect(names[0]).toBe('google/rpc/error_details.proto');
});

test.each([
  'twicesafe.order.v1.OrderService.PlaceOrder',
  'twicesafe.order.v1.PlaceOrderRequest',
  'twicesafe.order.v1.OrderStatus',
])('%s is found as a symbol', async (value) => {
  expect(fileNames(await askV1({ case: 'fileContainingSymbol', value }))[0]).toBe(
    'twicesafe/order/v1/order.proto',
  );
});

test('a file is found by its name, an extension by its number', async () => {
  const money = 'twicesafe/money/v1/money.proto';
  expect(fileNames(await askV1({ case: 'fileByFilename', value: money }))[0]).toBe(money);
  const containingType = 'google.protobuf.FieldOptions';
  const numbers = await askV1({ case: 'allExtensionNumbersOfType', value: containingType });
  expect(numbers).toMatchObject({ value: { extensionNumber: [1159, 1160] } });
  const value = create(v1.ExtensionRequestSchema, { containingType, extensionNumber: 1159 });
  expect(fileNames(await askV1({ case: 'fileContainingExtension', value }))[0]).toBe(
    'buf/validate/validate.proto',
  );
});

test('what is not served is NOT_FOUND, and the stream lives on', async () => {
  const answer = await askV1({ case: 'fileContainingSymbol', value: 'no.such.Thing' });
  expect(answer).toMatchObject({ case: 'errorResponse', value: { errorCode: 5 } });
});

test('health is NOT_SERVING until the service says so, for each service and for ""', async () => {
  const toy = await startToyOrders();
  const health = createClient(Health, createGrpcTransport({ baseUrl: toy.address }));
  for (const service of ['', ...serviceNames]) {
    expect((await health.check({ service })).status).toBe(Status.NOT_SERVING);
  }
  toy.setServing(true);
  for (const service of ['', ...serviceNames]) {
    expect((await health.check({ service })).status).toBe(Status.SERVING);
  }
  const unknown = health.check({ service: 'no.such.Service' });
  await expect(unknown).rejects.toMatchObject({ code: Code.NotFound });
  await toy.stop();
});

test('a health watch tells each change, and ends when the server stops', async () => {
  const toy = await startToyOrders();
  const health = createClient(Health, createGrpcTransport({ baseUrl: toy.address }));
  const seen: Status[] = [];
  const ending = (async () => {
    for await (const { status } of health.watch({ service: 'twicesafe.order.v1.OrderService' })) {
      seen.push(status);
      if (seen.length === 1) toy.setServing(true);
      if (seen.length === 2) await toy.stop();
    }
  })().catch((error: unknown) => error);
  expect(await ending).toBeInstanceOf(ConnectError);
  expect(seen.slice(0, 2)).toEqual([Status.NOT_SERVING, Status.SERVING]);
});

test('a health watch of an unknown service says so and waits', async () => {
  const health = createClient(Health, createGrpcTransport({ baseUrl: server.address }));
  for await (const { status } of health.watch({ service: 'no.such.Service' })) {
    expect(status).toBe(Status.SERVICE_UNKNOWN);
    break;
  }
});
