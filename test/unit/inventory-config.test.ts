import { describe, expect, test } from 'vitest';
import { inventoryConfig } from '../../services/inventory/config.ts';
import { OperatorError } from '../../shared/runtime/index.ts';

const given = { MONGODB_URI: 'mongodb://127.0.0.1:27017' };

function mistakeOf(environment: Record<string, string>): string {
  try {
    inventoryConfig(environment);
  } catch (error) {
    if (error instanceof OperatorError) return error.message;
    throw error;
  }
  return 'no mistake';
}

describe('the settings of the inventory', () => {
  test('need only the address of the database', () => {
    expect(inventoryConfig(given)).toEqual({
      host: '127.0.0.1',
      port: 7002,
      mongodbUri: 'mongodb://127.0.0.1:27017',
      mongodbDatabase: 'twicesafe_inventory',
      logLevel: 'warn',
      authTokens: '',
      journalStreams: 1,
      failpoints: '',
    });
  });

  test('take an empty value for one that is left out', () => {
    expect(inventoryConfig({ ...given, INVENTORY_PORT: '', HOST: '' })).toMatchObject({
      host: '127.0.0.1',
      port: 7002,
    });
  });

  test('say in one sentence what is missing', () => {
    expect(mistakeOf({})).toBe(
      'MONGODB_URI is missing: set it to the address of a MongoDB replica set, such as mongodb://127.0.0.1:27017.',
    );
  });

  test.each([
    ['INVENTORY_PORT', '70000', 'INVENTORY_PORT must be a port, not "70000".'],
    ['INVENTORY_PORT', '7.5', 'INVENTORY_PORT must be a port, not "7.5".'],
    ['JOURNAL_STREAMS', '0', 'JOURNAL_STREAMS must be 1 to 256, not "0".'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL must be one of debug, info, warn, error, silent, not "loud".'],
  ])('say in one sentence what is wrong with %s=%s', (name, value, sentence) => {
    expect(mistakeOf({ ...given, [name]: value })).toBe(sentence);
  });

  test('refuse to be reachable from other machines without knowing who calls', () => {
    expect(mistakeOf({ ...given, HOST: '0.0.0.0' })).toBe(
      'HOST 0.0.0.0 is reachable from other machines: set AUTH_TOKENS, or ALLOW_ANONYMOUS=true to let everybody in.',
    );
  });

  test.each([{ AUTH_TOKENS: 'secret=alice' }, { ALLOW_ANONYMOUS: 'true' }])(
    'allow other machines with %o',
    (more) => {
      expect(inventoryConfig({ ...given, HOST: '0.0.0.0', ...more }).host).toBe('0.0.0.0');
    },
  );
});
