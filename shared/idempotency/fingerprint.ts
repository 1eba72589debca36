// The fingerprint of a request: tells whether two messages under one request id ask for the same. It walks the typed
// message in the order of field numbers, because wire bytes differ between encoders, JSON and binary, and versions.

import { createHash } from 'node:crypto';
import type { DescField, DescMessage, Message } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect, type ScalarValue } from '@bufbuild/protobuf/reflect';

/**
 * Recorded with every request for ever. A change of the walk below needs a new version, and the old walk must stay, to
 * compare with what was recorded under it; else every retry of an old request would be REQUEST_ID_REUSED.
 */
const version = '1';

/**
 * Equal for equal messages however they were built or encoded, different when any field differs. Fields are known by
 * number and unset ones are left out, so renaming a field or adding one changes no recorded fingerprint. Unknown
 * fields are ignored: this version of the service does not act on them.
 */
export function fingerprintOf(schema: DescMessage, message: Message): string {
  return `${version}:${createHash('sha256')
    .update(textOf(reflect(schema, message)))
    .digest('hex')}`;
}

/** One text for each message: `{1:"alice",3:[{1:"tea-1",2:2}]}`. Strings are quoted, so nothing runs into another. */
function textOf(message: ReflectMessage): string {
  const fields = message.sortedFields.filter((field) => message.isSet(field));
  return `{${fields.map((field) => `${field.number}:${textOfField(message, field)}`).join(',')}}`;
}

function textOfField(message: ReflectMessage, field: DescField): string {
  switch (field.fieldKind) {
    case 'message':
      return textOf(message.get(field));
    case 'list':
      return `[${[...message.get(field)].map(textOfValue).join(',')}]`;
    case 'map': {
      const entries = [...message.get(field)].map(
        ([key, value]) => `${textOfValue(key)}:${textOfValue(value)}`,
      );
      // A map has no order; code units, not a locale, decide one. Keys are distinct, so values never do.
      return `<${entries.sort().join(',')}>`;
    }
    default:
      return textOfValue(message.get(field));
  }
}

function textOfValue(value: unknown): string {
  if (isReflected(value)) return textOf(value);
  return textOfScalar(value as ScalarValue);
}

function textOfScalar(value: ScalarValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('hex')}`;
  // Negative zero is a value of its own on the wire, and String() hides it.
  return Object.is(value, -0) ? '-0' : String(value);
}

function isReflected(value: unknown): value is ReflectMessage {
  return typeof value === 'object' && value !== null && 'sortedFields' in value;
}
