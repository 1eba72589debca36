// What a storm can be told: its options with their defaults and the reasons for them, as `twicesafe storm` takes them.

import { Command, InvalidArgumentError, Option } from 'commander';
import type { Mix } from './plan.ts';

export type LoadChoice =
  /** All of them, one after the other: the default. */
  | { readonly kind: 'mix'; readonly inFlight: number }
  | { readonly kind: 'closed'; readonly inFlight: number }
  | { readonly kind: 'open'; readonly perSecond: number }
  | { readonly kind: 'ramp'; readonly perSecondMax: number };

export interface Goals {
  readonly p99MsMax?: number;
  readonly goodputMin?: number;
}

export interface CardOptions {
  /** Of all orders, those paid by card. */
  readonly share: number;
  /** Of all requests to the card provider, those that misbehave. */
  readonly faultShare: number;
  /** Of somebody else's suite: where its simulated provider is. */
  readonly providerAddress: string | undefined;
}

export interface StormOptions {
  /** Undefined: a fresh one, which the report names. */
  readonly seed: number | undefined;
  readonly durationMs: number;
  readonly callsMax: number | undefined;
  readonly load: LoadChoice;
  readonly workers: number;
  readonly mix: Mix;
  /** Undefined: no order is paid by card. */
  readonly cards: CardOptions | undefined;
  /** Undefined: nobody is killed. */
  readonly killEveryMs: number | undefined;
  readonly orderProcesses: number;
  readonly orderDeadlineMs: number;
  /** Undefined: the storm starts a suite of its own. */
  readonly addresses:
    | { readonly order: readonly string[]; readonly inventory: string; readonly payment: string }
    | undefined;
  readonly callerTokens: readonly string[];
  readonly operatorToken: string | undefined;
  /** Undefined: chosen so that no earlier storm on the same deployment had it. */
  readonly run: string | undefined;
  readonly outDir: string;
  readonly goals: Goals;
}

/** Requests at once in a closed loop: enough to fill two cores, few enough that a request is not mostly waiting. */
const inFlightDefault = 48;
/** Late duplicates come within this, or within a third of the storm if that is shorter. */
const lateMsMax = 180_000;

interface Raw {
  seed?: number;
  duration: number;
  calls?: number;
  inFlight?: number;
  rate?: number;
  ramp?: number | true;
  workers: number;
  duplicates: number;
  burst: number;
  late?: number;
  drop: number;
  impatient: number;
  mismatch: number;
  cancel: number;
  cards?: number | true;
  providerFaults: number;
  provider?: string;
  kills: boolean;
  killEvery?: number;
  orderProcesses: number;
  orderDeadline: number;
  order?: string[];
  inventory?: string;
  payment?: string;
  callers: string[];
  token?: string;
  run?: string;
  out: string;
  slo: Goals;
}

/** Rates that a ramp climbs to when it is not told: beyond what two cores can do. */
const rampMaxDefault = 3_000;

/** The command. `run` gets the options and returns the exit code. */
export function stormCommand(run: (options: StormOptions) => Promise<number>): Command {
  return new Command('storm')
    .description(
      'charge twice, sell twice, lose or lie: try everything on a suite of its own, kill it meanwhile, and judge',
    )
    .option('--duration <time>', 'how long the load lasts, such as 60s or 10m', duration, 60_000)
    .option('--calls <count>', 'end the load after so many calls, if that is earlier', wholeNumber)
    .option('--seed <number>', 'repeat the decisions of an earlier storm', wholeNumber)
    .option('--out <folder>', 'where report.html, report.json and history.ndjson go', 'storm-report')
    .optionsGroup('Load (without any of these: all of them in turn)')
    .option('--in-flight <count>', 'closed loop: so many requests at once', wholeNumber)
    .option('--rate <count>', 'open loop: so many requests a second, answered or not', wholeNumber)
    .option('--ramp [count]', 'open loop in ten steps up to so many requests a second', wholeNumber)
    .option('--workers <count>', 'worker threads that make the calls', wholeNumber, 2)
    .optionsGroup('Faults (shares are 0 to 1)')
    .option('--duplicates <share>', 'of all calls, how many repeat an earlier one', share, 0.45)
    .option('--burst <count>', 'duplicates of one request, at the most', wholeNumber, 6)
    .option(
      '--late <time>',
      'how late a late duplicate comes, at the most (default: a third of the storm)',
      duration,
    )
    .option('--drop <share>', 'of all answers, how many are lost after they were made', share, 0.2)
    .option(
      '--impatient <share>',
      'of all calls, how many give up within 5 to 60 ms and ask again',
      share,
      0.06,
    )
    .option('--mismatch <share>', 'of all requests, how many reuse their id for another message', share, 0.03)
    .option('--cancel <share>', 'of all orders, how many are cancelled while they are placed', share, 0.06)
    .option('--cards [share]', 'of all orders, how many are paid by card (without a share: all)', shareOrAll)
    .option(
      '--provider-faults <share>',
      'of all requests to the card provider, how many misbehave (needs --cards)',
      share,
      0,
    )
    .option('--no-kills', 'kill and pause nobody')
    .option(
      '--kill-every <time>',
      'between two kills or pauses (default: 4s, and 7s in ten minutes)',
      duration,
    )
    .optionsGroup('Its own suite')
    .option('--order-processes <count>', 'processes of the order service', wholeNumber, 2)
    .option('--order-deadline <time>', 'how long an order has to be confirmed', duration, 4_000)
    .optionsGroup('Somebody else’s suite (nobody is killed there)')
    .option('--order <addresses>', 'the order service, or several of its processes with commas between', list)
    .option('--inventory <address>', 'the inventory service')
    .option('--payment <address>', 'the payment service')
    .option('--provider <address>', 'the simulated card provider, for --cards')
    .option('--callers <tokens>', 'tokens of two callers, with a comma between', list, [])
    .addOption(new Option('--token <token>', "an operator's token").env('OPERATOR_TOKEN'))
    .option('--run <name>', 'in the names of its items, accounts and request ids', runName)
    .optionsGroup('Goals')
    .option('--slo <goals>', 'exit with 1 when missed, such as p99=500ms,goodput=200', goals, {})
    .addHelpText(
      'after',
      '\nExit: 0 good, 1 a goal missed, 2 an invariant broken, 3 could not be run or told.',
    )
    .action(async (raw: Raw) => {
      process.exitCode = await run(fromRaw(raw));
    });
}

function fromRaw(raw: Raw): StormOptions {
  return {
    seed: raw.seed,
    durationMs: raw.duration,
    callsMax: raw.calls,
    load: loadOf(raw),
    workers: Math.max(1, raw.workers),
    mix: {
      duplicates: raw.duplicates,
      burst: Math.max(1, raw.burst),
      lateMsMax: Math.max(1_000, raw.late ?? Math.min(raw.duration / 3, lateMsMax)),
      dropped: raw.drop,
      impatient: raw.impatient,
      mismatched: raw.mismatch,
      cancelled: raw.cancel,
      byCard: cardsOf(raw)?.share ?? 0,
    },
    cards: cardsOf(raw),
    killEveryMs: raw.kills ? (raw.killEvery ?? killEveryMsIn(raw.duration)) : undefined,
    orderProcesses: Math.max(1, raw.orderProcesses),
    orderDeadlineMs: raw.orderDeadline,
    addresses: addressesOf(raw),
    callerTokens: raw.callers,
    operatorToken: raw.token,
    run: raw.run,
    outDir: raw.out,
    goals: raw.slo,
  };
}

/** Each process a dozen times in a long storm; more would leave it no time to do anything wrong between two kills. */
function killEveryMsIn(durationMs: number): number {
  return Math.max(4_000, durationMs / 85);
}

function loadOf({ inFlight, rate, ramp }: Raw): LoadChoice {
  const chosen = [inFlight, rate, ramp].filter((choice) => choice !== undefined);
  if (chosen.length > 1) throw new Error('--in-flight, --rate and --ramp exclude one another.');
  if (inFlight !== undefined) return { kind: 'closed', inFlight: Math.max(1, inFlight) };
  if (rate !== undefined) return { kind: 'open', perSecond: Math.max(1, rate) };
  if (ramp !== undefined)
    return { kind: 'ramp', perSecondMax: ramp === true ? rampMaxDefault : Math.max(10, ramp) };
  return { kind: 'mix', inFlight: inFlightDefault };
}

function cardsOf(raw: Raw): CardOptions | undefined {
  if (raw.cards === undefined) {
    if (raw.providerFaults > 0)
      throw new Error('--provider-faults needs --cards: without it nobody asks the provider.');
    return undefined;
  }
  const isOwn = addressesOf(raw) === undefined;
  if (isOwn && raw.provider !== undefined)
    throw new Error(
      '--provider is for a suite that runs already: give --order, --inventory and --payment, too.',
    );
  if (!isOwn && raw.provider === undefined)
    throw new Error('--cards needs --provider, the address of that suite’s simulated card provider.');
  return {
    share: raw.cards === true ? 1 : raw.cards,
    faultShare: raw.providerFaults,
    providerAddress: raw.provider,
  };
}

function addressesOf({ order, inventory, payment }: Raw): StormOptions['addresses'] {
  const given = [order, inventory, payment].filter((address) => address !== undefined);
  if (given.length === 0) return undefined;
  if (!order?.[0] || !inventory || !payment) {
    throw new Error('--order, --inventory and --payment go together: give all three addresses or none.');
  }
  return { order, inventory, payment };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

function share(text: string): number {
  const value = Number(text);
  if (text === '' || !(value >= 0 && value <= 0.95)) throw new InvalidArgumentError('It must be 0 to 0.95.');
  return value;
}

function shareOrAll(text: string): number {
  const value = Number(text);
  if (text === '' || !(value > 0 && value <= 1))
    throw new InvalidArgumentError('It must be above 0, up to 1.');
  return value;
}

const unitsMs = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function duration(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
  if (!number || !unit)
    throw new InvalidArgumentError('It must be a number with ms, s, m or h, such as 90s.');
  return Number(number) * unitsMs[unit as keyof typeof unitsMs];
}

function list(text: string): string[] {
  return text.split(',').filter((entry) => entry !== '');
}

function runName(text: string): string {
  if (!/^[A-Za-z0-9_-]{3,40}$/.test(text))
    throw new InvalidArgumentError('It must be 3 to 40 of A-Z a-z 0-9 _ -.');
  return text;
}

function goals(text: string): Goals {
  let found: Goals = {};
  for (const goal of list(text)) {
    const [name, value = ''] = goal.split('=');
    if (name === 'p99') found = { ...found, p99MsMax: duration(value) };
    else if (name === 'goodput') found = { ...found, goodputMin: wholeNumber(value) };
    else throw new InvalidArgumentError(`There is no goal "${name}"; there are p99 and goodput.`);
  }
  return found;
}
