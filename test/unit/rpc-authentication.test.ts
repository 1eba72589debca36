import { Code, createContextValues } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { callerKey } from '../../shared/rpc/caller.ts';
import { authenticationFrom, callerOf, requireOperator } from '../../shared/rpc/index.ts';

const bearer = (token: string) => new Headers({ authorization: `Bearer ${token}` });

test('a token names its caller, :operator opens the RPCs for operators, :saga says who runs sagas', () => {
  const authentication = authenticationFrom({ tokens: 'abc==alice, xyz=bob.2:operator,uvw=order:saga' });
  expect(authentication.authenticate(bearer('abc='))).toEqual({
    name: 'alice',
    operator: false,
    runsSagas: false,
  });
  expect(authentication.authenticate(bearer('xyz'))).toEqual({
    name: 'bob.2',
    operator: true,
    runsSagas: false,
  });
  expect(authentication.authenticate(bearer('uvw'))).toEqual({
    name: 'order',
    operator: false,
    runsSagas: true,
  });
  expect(authentication.authenticate(new Headers({ authorization: 'bearer xyz' })).name).toBe('bob.2');
});

test('two tokens may name one caller, so that a token can be replaced', () => {
  const authentication = authenticationFrom({ tokens: 'old=alice,new=alice' });
  expect(authentication.authenticate(bearer('old'))).toEqual(authentication.authenticate(bearer('new')));
});

test('without tokens everybody is anonymous, an operator, and goes for a saga', () => {
  expect(authenticationFrom({ tokens: ' ' }).authenticate(new Headers())).toEqual({
    name: 'anonymous',
    operator: true,
    runsSagas: true,
  });
});

test.each([
  ['no name', 'secret'],
  ['an empty name', 'secret='],
  ['an empty token', '=alice'],
  ['a slash in the name', 'secret=al/ice'],
  ['a long name', `secret=${'x'.repeat(65)}`],
  ['another mark', 'secret=alice:admin'],
  ['an empty entry', 'abc=alice,,xyz=bob'],
  ['a token twice', 'secret=alice,secret=bob'],
])('AUTH_TOKENS with %s is one plain sentence that keeps the secret', (_, tokens) => {
  expect(() => authenticationFrom({ tokens })).toThrow(
    /^AUTH_TOKENS: entry [12] (is not TOKEN=NAME|repeats a token)/,
  );
  expect(() => authenticationFrom({ tokens })).not.toThrow('secret');
});

test('a caller that is no operator is refused with the way in', () => {
  const contextOf = (operator: boolean) => ({
    values: createContextValues().set(callerKey, { name: 'a', operator, runsSagas: false }),
  });
  expect(() => requireOperator(contextOf(true))).not.toThrow();
  expect(() => requireOperator(contextOf(false))).toThrow(
    expect.objectContaining({ code: Code.PermissionDenied }),
  );
});

test('a call that did not pass authentication is nobody, not anonymous', () => {
  expect(() => callerOf({ values: createContextValues() })).toThrow('did not pass authentication');
});
