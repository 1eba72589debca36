import { describe, expect, test } from 'vitest';
import { type StormOptions, stormCommand } from '../../cli/storm/options.ts';

/** What the command line comes to; rejects with the sentence that a person is told. */
async function optionsOf(...line: string[]): Promise<StormOptions> {
  let found: StormOptions | undefined;
  const before = process.exitCode;
  const command = stormCommand(async (options) => {
    found = options;
    return 0;
  });
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync(line, { from: 'user' });
  process.exitCode = before;
  if (!found) throw new Error('the command did not run');
  return found;
}

const elsewhere = [
  ...['--order', 'http://127.0.0.1:1', '--inventory', 'http://127.0.0.1:2'],
  ...['--payment', 'http://127.0.0.1:3'],
];

describe('orders by card', () => {
  test('are none unless they are asked for, all with --cards, and a share with a number', async () => {
    expect((await optionsOf()).cards).toBeUndefined();
    expect((await optionsOf()).mix.byCard).toBe(0);
    expect((await optionsOf('--cards')).cards).toEqual({
      share: 1,
      faultShare: 0,
      providerAddress: undefined,
    });
    const half = await optionsOf('--cards', '0.5', '--provider-faults', '0.2');
    expect(half.cards).toMatchObject({ share: 0.5, faultShare: 0.2 });
    expect(half.mix.byCard).toBe(0.5);
  });

  test('may be paid at the provider of a suite that runs already', async () => {
    const { cards } = await optionsOf(...elsewhere, '--cards', '--provider', 'http://127.0.0.1:4');
    expect(cards?.providerAddress).toBe('http://127.0.0.1:4');
  });

  test.each([
    [['--provider-faults', '0.2'], '--provider-faults needs --cards'],
    [['--cards', '--provider', 'http://127.0.0.1:4'], '--provider is for a suite that runs already'],
    [[...elsewhere, '--cards'], '--cards needs --provider'],
    [['--cards', '0'], 'It must be above 0, up to 1.'],
    [['--cards', '1.1'], 'It must be above 0, up to 1.'],
    [['--cards', '--provider-faults', '1'], 'It must be 0 to 0.95.'],
  ])('%s is told what is wrong', async (line, sentence) => {
    await expect(optionsOf(...line)).rejects.toThrow(sentence);
  });
});
