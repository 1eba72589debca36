// What a gRPC client of another make finds in `grpc-status-details-bin`: google.rpc.Status with its details, decoded from
// the published message and not with our server's library.

import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import {
  type Any,
  anyUnpack,
  FileDescriptorProtoSchema,
  file_google_protobuf_any,
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
} from '@bufbuild/protobuf/wkt';
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from '../../shared/gen/google/rpc/error_details_pb.ts';

const statusFile = create(FileDescriptorProtoSchema, {
  name: 'google/rpc/status.proto',
  package: 'google.rpc',
  syntax: 'proto3',
  dependency: ['google/protobuf/any.proto'],
  messageType: [
    {
      name: 'Status',
      field: [
        { name: 'code', jsonName: 'code', number: 1, type: Type.INT32, label: Label.OPTIONAL },
        { name: 'message', jsonName: 'message', number: 2, type: Type.STRING, label: Label.OPTIONAL },
        {
          name: 'details',
          jsonName: 'details',
          number: 3,
          type: Type.MESSAGE,
          typeName: '.google.protobuf.Any',
          label: Label.REPEATED,
        },
      ],
    },
  ],
});

const statusSchema = createFileRegistry(statusFile, (name) =>
  name === 'google/protobuf/any.proto' ? file_google_protobuf_any : undefined,
).getMessage('google.rpc.Status');

export interface GrpcStatus {
  readonly code: number;
  readonly message: string;
  readonly reason: string | undefined;
  readonly metadata: Record<string, string> | undefined;
  readonly retryDelayMs: number | undefined;
  readonly fields: string[] | undefined;
}

export function decodeStatus(bytes: Uint8Array): GrpcStatus {
  if (!statusSchema) throw new Error('google.rpc.Status is not described');
  const status = fromBinary(statusSchema, bytes) as unknown as {
    code: number;
    message: string;
    details: Any[];
  };
  const found = <T>(unpack: (any: Any) => T | undefined) => status.details.map(unpack).find(Boolean);
  const info = found((any) => anyUnpack(any, ErrorInfoSchema));
  const delay = found((any) => anyUnpack(any, RetryInfoSchema))?.retryDelay;
  const bad = found((any) => anyUnpack(any, BadRequestSchema));
  return {
    code: status.code,
    message: status.message,
    reason: info?.reason,
    metadata: info && { ...info.metadata },
    retryDelayMs: delay && Number(delay.seconds) * 1_000 + delay.nanos / 1e6,
    fields: bad?.fieldViolations.map(({ field }) => field),
  };
}
