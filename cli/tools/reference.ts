// The reference pages as text: what a proto says of each RPC, message and field, laid out for reading. It adds no claim of
// its own.

import {
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type DescService,
  fromBinary,
  getOption,
  hasOption,
  ScalarType,
  toJson,
} from '@bufbuild/protobuf';
import {
  FileDescriptorSetSchema,
  MethodOptions_IdempotencyLevel as IdempotencyLevel,
} from '@bufbuild/protobuf/wkt';
import {
  FieldRulesSchema,
  field as fieldRules,
} from '@bufbuild/protovalidate/gen/buf/validate/validate_pb.js';
import { buf } from './buf.ts';

export const referenceDir = 'docs/reference';

const pages = ['order', 'inventory', 'payment'];

/** File name → text of every page. */
export async function renderReference(): Promise<Map<string, string>> {
  const image = await buf('build', '--as-file-descriptor-set', '--output', '-#format=binpb');
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, image));
  const rendered = new Map<string, string>();
  for (const page of pages) {
    const file = registry.getFile(`twicesafe/${page}/v1/${page}.proto`);
    if (!file) throw new Error(`there is no proto for the page ${page}`);
    rendered.set(`${page}.md`, renderPage(file));
  }
  return rendered;
}

function renderPage(file: DescFile): string {
  const types = new TypesInUse();
  const sections = file.services.map((service) => renderService(service, types));
  return [
    `# ${file.proto.package}`,
    `_Generated from \`proto/${file.proto.name}\` by \`npm run generate\`; edit the proto._`,
    commentOf(file, [2]),
    ...sections,
    '## Messages',
    ...types.renderMessages(),
    '## Enums',
    ...types.renderEnums(),
    '',
  ].join('\n\n');
}

function renderService(service: DescService, types: TypesInUse): string {
  const rows = service.methods.map((method) => {
    const anchor = method.name.toLowerCase();
    return `| [${method.name}](#${anchor}) | ${sayIdempotency(method)} |`;
  });
  return [
    `## ${service.name}`,
    commentOf(service.file, [6, service.file.services.indexOf(service)]),
    ['| RPC | a retry |', '|---|---|', ...rows].join('\n'),
    ...service.methods.map((method, index) => renderMethod(method, index, types)),
  ].join('\n\n');
}

function renderMethod(method: DescMethod, index: number, types: TypesInUse): string {
  const { file } = method.parent;
  const stream = method.methodKind === 'server_streaming' ? 'stream ' : '';
  return [
    `### ${method.name}`,
    `\`rpc ${method.name}(${method.input.name}) returns (${stream}${method.output.name})\` · ${sayIdempotency(method)}`,
    commentOf(file, [6, file.services.indexOf(method.parent), 2, index]),
    `**Request**`,
    renderFields(method.input, types),
    `**Response**`,
    renderFields(method.output, types),
  ].join('\n\n');
}

function sayIdempotency(method: DescMethod): string {
  switch (method.idempotency) {
    case IdempotencyLevel.IDEMPOTENT:
      return 'IDEMPOTENT: needs a request id, and the same one gets the recorded answer';
    case IdempotencyLevel.NO_SIDE_EFFECTS:
      // Connect has no GET for streams.
      return method.methodKind === 'unary'
        ? 'NO_SIDE_EFFECTS: takes no request id, and answers HTTP GET too'
        : 'NO_SIDE_EFFECTS: takes no request id; a stream';
    default:
      throw new Error(`${method.parent.typeName}.${method.name} declares no idempotency_level`);
  }
}

function renderFields(message: DescMessage, types: TypesInUse): string {
  if (message.fields.length === 0) return '_No fields._';
  const path = pathOf(message);
  const rows = message.fields.map((field, index) => {
    const comment = commentOf(message.file, [...path, 2, index]).replaceAll('\n', ' ');
    return `| \`${field.name}\` | ${types.nameOf(field)} | ${renderRules(field)} | ${cell(comment)} |`;
  });
  return ['| field | type | rules | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

/** `gte 1, lte 50`: the rules that the server checks before anything else, in the order of their numbers. */
function renderRules(field: DescField): string {
  const rules: string[] = [];
  if (field.oneof) rules.push(`one of \`${field.oneof.name}\``);
  if (hasOption(field, fieldRules)) {
    for (const [name, value] of Object.entries(
      toJson(FieldRulesSchema, getOption(field, fieldRules)) as object,
    )) {
      if (typeof value !== 'object') rules.push(name);
      else for (const [rule, limit] of Object.entries(value as object)) rules.push(`${rule} \`${limit}\``);
    }
  }
  return cell(rules.join(', '));
}

/** The messages and enums that a page mentions, in the order in which it mentions them first. */
class TypesInUse {
  readonly #messages = new Set<DescMessage>();
  readonly #enums = new Set<DescEnum>();

  nameOf(field: DescField): string {
    const repeated = field.fieldKind === 'list' ? 'repeated ' : '';
    const optional = field.proto.proto3Optional ? 'optional ' : '';
    if (field.message) return `${repeated}${optional}${this.#linkTo(field.message)}`;
    if (field.enum) {
      this.#enums.add(field.enum);
      return `${repeated}${optional}${link(field.enum.name)}`;
    }
    return `${repeated}${optional}${ScalarType[field.scalar ?? 0]?.toLowerCase()}`;
  }

  #linkTo(message: DescMessage): string {
    if (!message.typeName.startsWith('twicesafe.')) return message.typeName;
    this.#messages.add(message);
    return link(message.name);
  }

  renderMessages(): string[] {
    // Rendering a message may mention new ones: a Set walks over what is added meanwhile.
    const sections: string[] = [];
    for (const message of this.#messages) {
      sections.push(
        `### ${message.name}`,
        commentOf(message.file, pathOf(message)),
        renderFields(message, this),
      );
    }
    return sections;
  }

  renderEnums(): string[] {
    return [...this.#enums].flatMap((description) => {
      const path = [5, description.file.enums.indexOf(description)];
      const rows = description.values.map((value, index) => {
        const comment = commentOf(description.file, [...path, 2, index]).replaceAll('\n', ' ');
        return `| \`${value.name}\` | ${cell(comment)} |`;
      });
      const table = ['| value | meaning |', '|---|---|', ...rows].join('\n');
      return [`### ${description.name}`, commentOf(description.file, path), table];
    });
  }
}

function link(name: string): string {
  return `[${name}](#${name.toLowerCase()})`;
}

/** A `|` would end the cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** Where a top-level message stands in its file; our protos nest none. */
function pathOf(message: DescMessage): number[] {
  if (message.parent)
    throw new Error(`${message.typeName} is nested; the reference shows top-level messages only`);
  return [4, message.file.messages.indexOf(message)];
}

/** The comment at a place in the file, given as descriptor.proto counts places. */
function commentOf(file: DescFile, path: readonly number[]): string {
  const wanted = path.join('.');
  const location = file.proto.sourceCodeInfo?.location.find(
    (candidate) => candidate.path.join('.') === wanted,
  );
  const lines = (location?.leadingComments ?? '').split('\n');
  return lines
    .map((line) => line.replace(/^ /, ''))
    .join('\n')
    .trim();
}
