// Validation: the field rules in the protos, checked before a handler sees the message.

import { create, type DescMessage, type DescService, type MessageShape } from '@bufbuild/protobuf';
import { pathToString } from '@bufbuild/protobuf/reflect';
import { createValidator } from '@bufbuild/protovalidate';
import type { Interceptor } from '@connectrpc/connect';
import { fieldsInvalid } from './errors.ts';

/**
 * Refuses a message that breaks a rule of its proto with FIELD_INVALID (INVALID_ARGUMENT) and all field violations.
 * The rules of `services` are compiled here, so that no first call waits for it and a bad rule stops the start.
 */
export function createValidationInterceptor(services: readonly DescService[]): Interceptor {
  const validator = createValidator({ regexMatch: createPatternMatch() });

  function check<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): void {
    const result = validator.validate(schema, message);
    if (result.kind === 'valid') return;
    if (result.kind === 'error') throw result.error;
    const [first, ...others] = result.violations.map(({ field, message: description }) => ({
      field: pathToString(field),
      description,
    }));
    if (first !== undefined) throw fieldsInvalid([first, ...others]);
  }

  async function* checked<Desc extends DescMessage>(
    schema: Desc,
    messages: AsyncIterable<MessageShape<Desc>>,
  ) {
    for await (const message of messages) {
      check(schema, message);
      yield message;
    }
  }

  for (const method of services.flatMap((service) => service.methods)) {
    const result = validator.validate(method.input, create(method.input));
    if (result.kind === 'error') throw result.error;
  }
  return (next) => (req) => {
    if (req.stream) return next({ ...req, message: checked(req.method.input, req.message) });
    check(req.method.input, req.message);
    return next(req);
  };
}

/**
 * The platform's own expressions instead of protovalidate's, which cannot be made to backtrack but took half of the time of
 * a validation. Ours are not input: they stand in our protos, and a test holds them to forms that cannot backtrack either.
 */
function createPatternMatch(): (pattern: string, against: string) => boolean {
  // As many as the protos have.
  const compiled = new Map<string, RegExp>();
  return (pattern, against) => {
    const known = compiled.get(pattern) ?? new RegExp(pattern, 'u');
    compiled.set(pattern, known);
    return known.test(against);
  };
}
