// The report's page: fills it from the data inside it and draws the charts. Plain JavaScript for any browser.

const data = JSON.parse(document.getElementById('data').textContent);
const count = (value) => Math.round(value).toLocaleString('en-US');
const ms = (value) =>
  value >= 1000
    ? `${(value / 1000).toFixed(1)} s`
    : value >= 10
      ? `${Math.round(value)} ms`
      : `${value.toFixed(1)} ms`;
const share = (part, whole) => (whole === 0 ? '0 %' : `${Math.round((100 * part) / whole)} %`);
const times = (value) => (value === 1 ? 'once' : `${value} times`);
const at = (id) => document.getElementById(id);

/** Text only: what a service said must not become part of the page. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

const conclusions = {
  0: ['good', 'Nothing was charged twice, sold twice, lost or lied about.'],
  1: ['warn', 'Every invariant holds, but a goal was missed.'],
  2: ['bad', 'An invariant is broken.'],
  3: ['warn', 'Nothing broken was found, but not everything could be judged.'],
};
const [tone, sentence] = conclusions[data.exitCode];
at('conclusion').className = tone;
at('conclusion').textContent = sentence;
const { counts, lostCount, answersMade, latency } = data.load;
const kills = data.struck.filter(({ kind }) => kind === 'kill');
const pauses = data.struck.filter(({ kind }) => kind === 'pause');
at('summary').textContent =
  `${count(counts.orders)} orders in ${count(data.load.durationMs / 1000)} seconds, with ${count(counts.calls)} calls, of which ${share(counts.duplicates, counts.calls)} were duplicates. ${count(lostCount)} answers were lost on the way, and processes were killed ${times(kills.length)} and frozen ${times(pauses.length)} meanwhile.`;

const meanings = {
  'charged twice': 'Money taken more often than an answer says.',
  'sold twice': 'Units sold that were not there, or more than were ordered.',
  lost: 'Acknowledged, and gone.',
  lied: 'Two answers for one id, a refusal with an effect, or another’s answer.',
};
for (const [wrong, meaning] of Object.entries(meanings)) {
  const value = data.verdict.counts[wrong];
  at('counts').append(countBox(value, wrong, meaning));
}

function countBox(value, label, meaning) {
  return element(
    'div',
    `count ${value === 0 ? 'good' : 'bad'}`,
    element('b', '', count(value)),
    element('span', '', label),
    element('small', '', meaning),
  );
}

function fillCards({ share: byCard, provider, orderCount, counts: wrong, sums, compared }) {
  const money = (minorUnits) =>
    `${(BigInt(minorUnits) / 100n).toLocaleString('en-US')}.${String(BigInt(minorUnits) % 100n).padStart(2, '0')} EUR`;
  const faultCount = Object.values(provider.misbehaved).reduce((sum, value) => sum + value, 0);
  at('cards').hidden = false;
  at('cards-says').textContent =
    `${byCard === 1 ? 'Every order was' : `${Math.round(100 * byCard)} % of the orders were`} paid by card, ${count(orderCount)} in all, at a provider that did not do as it should in ${count(faultCount)} of ${count(provider.requestCount)} requests (${share(faultCount, provider.requestCount)}). When all was over its books were read directly, past the services, and held against what the callers had been told.`;
  const boxes = [
    [wrong.chargedTwice, 'charged twice at the provider', 'Orders whose card was charged more than once.'],
    [wrong.keptForNothing, 'money kept for nothing', 'Orders cancelled or declined, and not given back.'],
    [wrong.notCharged, 'confirmed, not charged', 'Confirmed orders whose money the provider does not have.'],
    [wrong.withoutOrder, 'charged without an order', 'Charges that nobody ordered.'],
    [
      compared.differences.length,
      'differences of the two books',
      `The provider’s and the payment service’s, ${count(compared.checkedCount)} entries compared.`,
    ],
  ];
  for (const [value, label, meaning] of boxes) at('cards-counts').append(countBox(value, label, meaning));
  const kept = String(BigInt(sums.taken) - BigInt(sums.givenBack));
  at('cards-sums').textContent =
    `${money(sums.taken)} were taken in ${count(sums.chargeCount)} charges and ${money(sums.givenBack)} given back in ${count(sums.refundCount)} refunds. The provider keeps ${money(kept)}; the ${count(sums.confirmedCount)} confirmed orders cost ${money(sums.owed)}.`;
  table(
    'cards-faults',
    [
      ['What the provider did instead of answering', ''],
      ['Requests', 'number'],
    ],
    Object.entries(faultWords)
      .filter(([kind]) => provider.misbehaved[kind])
      .map(([kind, words]) => [[words], [count(provider.misbehaved[kind]), 'number']]),
  );
}
const faultWords = {
  drop_after: 'did what was asked, and the connection was lost before the answer',
  error_after: 'did what was asked, and answered 500',
  arrives_late: 'did what was asked, long after the caller had given up',
  late: 'answered after the caller had given up',
  twice: 'answered twice on one connection',
  drop_before: 'lost the connection before it looked at the request',
  error_before: 'did nothing, answered 500, and says so again to each repeat',
  rate_limited: 'answered 429: too many requests',
  down: 'answered 503: down for a while',
};

function failures({ requestCount, misbehaved }) {
  const sum = Object.values(misbehaved).reduce((total, value) => total + value, 0);
  return [
    `${count(sum)} (${share(sum, requestCount)})`,
    'of all requests to the card provider, which got them wrong',
  ];
}

const tally = (blows) => {
  const names = [...new Set(blows.map(({ target }) => target))].sort();
  return (
    names.map((name) => `${name} ${blows.filter(({ target }) => target === name).length}`).join(', ') ||
    'nobody'
  );
};
const facts = [
  [count(counts.orders), 'orders asked'],
  [count(counts.requests - counts.orders), 'other requests: deposits, withdrawals, stock adjustments, reads'],
  [count(counts.calls), 'calls made'],
  [
    `${count(counts.duplicates)} (${share(counts.duplicates, counts.calls)})`,
    `duplicates, ${count(counts.lateDuplicates)} of them seconds or minutes late`,
  ],
  [`${count(lostCount)} (${share(lostCount, answersMade)})`, 'of all answers, dropped after they were made'],
  ...(data.cards ? [failures(data.cards.provider)] : []),
  [count(counts.timeouts), 'calls that gave up and asked again at once'],
  [count(counts.mismatches), 'request ids reused for another message'],
  [count(counts.cancels), 'orders cancelled while they were placed'],
  [`${kills.length}×`, `killed with kill -9: ${tally(kills)}`],
  [`${pauses.length}×`, `frozen and woken: ${tally(pauses)}`],
  [ms(data.settle.tookMs), 'after the last kill until no saga was open'],
  [count(data.rechecked), 'requests asked once more when all was over'],
];
for (const [value, label] of facts)
  at('facts').append(element('div', 'fact', element('b', '', value), element('small', '', label)));

function table(id, heads, rows) {
  at(id).append(element('tr', '', ...heads.map(([head, className]) => element('th', className ?? '', head))));
  for (const row of rows)
    at(id).append(element('tr', '', ...row.map(([text, className]) => element('td', className ?? '', text))));
}

table(
  'verdicts',
  [
    ['', ''],
    ['What must hold', ''],
    ['Verdict', ''],
    ['Checked', 'number'],
    ['', ''],
  ],
  [
    ...data.verdict.lines.map(({ invariant, says, verdict, checkedCount, reason }) => [
      [invariant, 'soft'],
      [says],
      [verdict, verdict.split(' ')[0]],
      [count(checkedCount), 'number'],
      [reason, 'soft'],
    ]),
    ...data.verdict.goals.map(({ goal, wanted, found, met }) => [
      ['goal', 'soft'],
      [`${goal} ${wanted}`],
      [met ? 'met' : 'missed', met ? 'holds' : 'broken'],
      ['', ''],
      [found, 'soft'],
    ]),
  ],
);
for (const { invariant, where, says, foundBy } of data.verdict.findings) {
  at('findings').append(
    element(
      'div',
      'finding',
      element('b', '', `${invariant} ${where} `),
      `${says} (found by the ${foundBy})`,
    ),
  );
}
table(
  'phases',
  [
    ['Phase', ''],
    ['Load', ''],
    ['Answered', 'number'],
    ['p50', 'number'],
    ['p95', 'number'],
    ['p99', 'number'],
    ['p99.9', 'number'],
    ['longest', 'number'],
  ],
  data.load.phases.map(({ name, says, latency: own }) => [
    [name],
    [says, 'soft'],
    [count(own.count), 'number'],
    ...[own.p50Ms, own.p95Ms, own.p99Ms, own.p999Ms, own.maxMs].map((value) => [ms(value), 'number']),
  ]),
);
table(
  'struck',
  [
    ['At', ''],
    ['Process', ''],
    ['What', ''],
    ['Back after', ''],
  ],
  data.struck.map(({ struckAtMs, backAtMs, kind, target, pauseMs }) => [
    [`${(struckAtMs / 1000).toFixed(1)} s`],
    [target],
    [kind === 'kill' ? 'kill -9' : `SIGSTOP for ${ms(pauseMs)}, then SIGCONT`],
    [backAtMs === undefined ? 'not back' : ms(backAtMs - struckAtMs)],
  ]),
);
if (data.cards) fillCards(data.cards);
at('footer').append(
  `Started ${data.startedAt}, commit ${data.commit}, seed ${data.seed}. The ceiling of the closed loop was ${count(data.load.ceilingPerSecond)} requests a second. All latencies: p50 ${ms(latency.p50Ms)}, p95 ${ms(latency.p95Ms)}, p99 ${ms(latency.p99Ms)}, longest ${ms(latency.maxMs)}. Again: `,
  element('code', '', data.command),
  `. Every call is a line of ${data.files.history}.`,
);
