// grpc.reflection: lets grpcurl and its like find RPCs and messages, from the generated descriptors.

import {
  create,
  type DescExtension,
  type DescFile,
  type DescService,
  fromBinary,
  type Message,
  type MessageInitShape,
  toBinary,
} from '@bufbuild/protobuf';
import { nestedTypes } from '@bufbuild/protobuf/reflect';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { Code, type ConnectRouter } from '@connectrpc/connect';
import { file_google_rpc_error_details } from '../gen/google/rpc/error_details_pb.ts';
import * as v1 from '../gen/grpc/reflection/v1/reflection_pb.ts';
import * as v1alpha from '../gen/grpc/reflection/v1alpha/reflection_pb.ts';

/** Both versions of the protocol: older clients ask for v1alpha only. */
export const reflectionServices: readonly DescService[] = [v1.ServerReflection, v1alpha.ServerReflection];

/** Serves reflection of `services` in both versions. */
export function addReflection(
  router: ConnectRouter,
  services: readonly DescService[],
  options: NonNullable<Parameters<ConnectRouter['service']>[2]>,
): void {
  const answer = createAnswerer(services);
  router.service(
    v1.ServerReflection,
    {
      async *serverReflectionInfo(requests) {
        for await (const request of requests) yield respond(request, answer);
      },
    },
    options,
  );
  router.service(
    v1alpha.ServerReflection,
    {
      // The same messages under another name, so they go by way of v1's bytes.
      async *serverReflectionInfo(requests) {
        for await (const request of requests) {
          const bytes = toBinary(v1alpha.ServerReflectionRequestSchema, request);
          const response = respond(fromBinary(v1.ServerReflectionRequestSchema, bytes), answer);
          const responseBytes = toBinary(v1.ServerReflectionResponseSchema, response);
          yield fromBinary(v1alpha.ServerReflectionResponseSchema, responseBytes);
        }
      },
    },
    options,
  );
}

type Question = v1.ServerReflectionRequest['messageRequest'];
type Answer = NonNullable<
  Exclude<MessageInitShape<typeof v1.ServerReflectionResponseSchema>, Message>['messageResponse']
>;

function respond(request: v1.ServerReflectionRequest, answer: (question: Question) => Answer) {
  return create(v1.ServerReflectionResponseSchema, {
    validHost: request.host,
    originalRequest: request,
    messageResponse: answer(request.messageRequest),
  });
}

function createAnswerer(services: readonly DescService[]): (question: Question) => Answer {
  const files = new Map<string, DescFile>();
  const bySymbol = new Map<string, DescFile>();
  const extensions: DescExtension[] = [];
  const add = (file: DescFile) => {
    if (files.has(file.proto.name)) return;
    files.set(file.proto.name, file);
    for (const type of nestedTypes(file)) {
      bySymbol.set(type.typeName, file);
      if (type.kind === 'extension') extensions.push(type);
      if (type.kind === 'service') {
        for (const method of type.methods) bySymbol.set(`${type.typeName}.${method.name}`, file);
      }
    }
    for (const dependency of file.dependencies) add(dependency);
  };
  for (const service of services) add(service.file);
  // No service mentions them, but every error carries them: with this, grpcurl can print an error's details.
  add(file_google_rpc_error_details);

  return (question) => {
    switch (question.case) {
      case 'listServices':
        return {
          case: 'listServicesResponse',
          value: { service: services.map((s) => ({ name: s.typeName })) },
        };
      case 'fileByFilename':
        return fileAnswer(files.get(question.value), question.value);
      case 'fileContainingSymbol':
        return fileAnswer(bySymbol.get(question.value.replace(/^\./, '')), question.value);
      case 'fileContainingExtension': {
        const { containingType, extensionNumber } = question.value;
        const found = extensions.find(
          (e) => e.extendee.typeName === containingType && e.number === extensionNumber,
        );
        return fileAnswer(found?.file, `${containingType} ${extensionNumber}`);
      }
      case 'allExtensionNumbersOfType': {
        const ofType = extensions.filter((extension) => extension.extendee.typeName === question.value);
        if (ofType.length === 0 && !bySymbol.has(question.value)) return notFound(question.value);
        const extensionNumber = ofType.map((extension) => extension.number);
        return {
          case: 'allExtensionNumbersResponse',
          value: { baseTypeName: question.value, extensionNumber },
        };
      }
      default:
        return {
          case: 'errorResponse',
          value: { errorCode: Code.InvalidArgument, errorMessage: 'nothing was asked' },
        };
    }
  };
}

/** The file, first, and all it depends on, so that one answer is enough. */
function fileAnswer(file: DescFile | undefined, asked: string): Answer {
  if (file === undefined) return notFound(asked);
  const ordered = new Set<DescFile>();
  const add = (each: DescFile) => {
    for (const dependency of each.dependencies) add(dependency);
    ordered.add(each);
  };
  add(file);
  const fileDescriptorProto = [...ordered]
    .reverse()
    .map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto));
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

function notFound(asked: string): Answer {
  return {
    case: 'errorResponse',
    value: { errorCode: Code.NotFound, errorMessage: `${asked} is not served here` },
  };
}
