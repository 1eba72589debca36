// The report's page: fills it from the data inside it and draws the charts. Plain JavaScript for any browser.

const data = JSON.parse(document.getElementById('data').textContent);
const css = getComputedStyle(document.documentElement);
const color = (name) => css.getPropertyValue(`--${name}`).trim();
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
  at('counts').append(
    element(
      'div',
      `count ${value === 0 ? 'good' : 'bad'}`,
      element('b', '', count(value)),
      element('span', '', wrong),
      element('small', '', meaning),
    ),
  );
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
  [count(counts.timeouts), 'calls that gave up and asked again at once'],
  [count(counts.mismatches), 'request ids reused for another message'],
  [count(counts.cancels), 'orders cancelled while they were placed'],
  [`${kills.length}×`, `killed with kill -9: ${tally(kills)}`],
  [`${pauses.length}×`, `frozen and woken: ${tally(pauses)}`],
  [ms(data.settle.tookMs), 'until everything was at rest again'],
  [count(data.rechecked), 'requests asked once more when all was over'],
];
for (const [value, label] of facts)
  at('facts').append(element('div', 'fact', element('b', '', value), element('small', '', label)));

const seconds = data.seconds;
const x = seconds.map(({ second }) => second);

/** Draws each kill as a line with its victim's name, and each pause as a band, behind the curves. */
function strikes(withNames) {
  return {
    hooks: {
      drawClear: (plot) => {
        const { ctx, bbox } = plot;
        const pixel = (atMs) => plot.valToPos(atMs / 1000, 'x', true);
        ctx.save();
        ctx.beginPath();
        ctx.rect(bbox.left, 0, bbox.width, bbox.top + bbox.height);
        ctx.clip();
        for (const { struckAtMs, backAtMs, kind } of data.struck) {
          const from = pixel(struckAtMs);
          const to = pixel(backAtMs ?? struckAtMs);
          ctx.fillStyle = color(kind === 'kill' ? 'bad' : 'violet');
          ctx.globalAlpha = 0.08;
          ctx.fillRect(from, bbox.top, Math.max(1, to - from), bbox.height);
          ctx.globalAlpha = 0.75;
          ctx.fillRect(from, bbox.top, Math.max(1, devicePixelRatio), bbox.height);
        }
        if (withNames && data.struck.length <= 24) {
          ctx.globalAlpha = 1;
          ctx.font = `${11 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
          ctx.textBaseline = 'top';
          const rowEnds = [];
          for (const { struckAtMs, kind, target } of data.struck) {
            const from = pixel(struckAtMs);
            // Names that would overlap go one row down.
            let row = rowEnds.findIndex((end) => end < from);
            if (row < 0) row = rowEnds.length;
            rowEnds[row] = from + ctx.measureText(target).width + 8 * devicePixelRatio;
            ctx.fillStyle = color(kind === 'kill' ? 'bad' : 'violet');
            ctx.fillText(target, from + 4 * devicePixelRatio, bbox.top + (3 + 14 * row) * devicePixelRatio);
          }
        }
        ctx.restore();
        phaseNames(plot);
      },
    },
  };
}

function phaseNames(plot) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = color('soft');
  ctx.fillStyle = color('soft');
  ctx.font = `${11 * devicePixelRatio}px ${getComputedStyle(document.body).fontFamily}`;
  ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  for (const { name, fromMs } of data.load.phases) {
    const from = Math.max(bbox.left, plot.valToPos(fromMs / 1000, 'x', true));
    ctx.beginPath();
    ctx.moveTo(from, bbox.top - 16 * devicePixelRatio);
    ctx.lineTo(from, bbox.top + bbox.height);
    ctx.globalAlpha = 0.6;
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.fillText(name, from + 4 * devicePixelRatio, bbox.top - 5 * devicePixelRatio);
  }
  ctx.restore();
}

const charts = [];

function chart(id, height, series, options = {}) {
  const axis = {
    stroke: color('soft'),
    grid: { stroke: color('line'), width: 1 },
    ticks: { stroke: color('line'), width: 1 },
  };
  const plot = new uPlot(
    {
      width: at(id).clientWidth - 16,
      height,
      padding: [22, 12, 0, 0],
      cursor: { y: false, sync: { key: 'storm' } },
      scales: {
        x: { time: false },
        y: options.y ?? { range: (_, _low, high) => [0, Math.max(1, high * 1.08)] },
      },
      axes: [
        { ...axis, values: (_, values) => values.map((value) => `${value} s`) },
        { ...axis, size: 64, values: options.values ?? ((_, values) => values.map((value) => count(value))) },
      ],
      series: [
        { label: 'second', value: (_, value) => (value === null ? '' : `${value} s`) },
        ...series.map(({ label, stroke, fill, value }) => ({
          label,
          stroke: color(stroke),
          width: 2,
          spanGaps: false,
          points: { show: false },
          value: (_, shown) => (shown === null || shown === undefined ? '–' : (value ?? count)(shown)),
          ...(fill ? { fill: `${color(stroke)}22` } : {}),
        })),
      ],
      plugins: [strikes(options.names ?? false)],
    },
    [x, ...series.map(({ values }) => values)],
    at(id),
  );
  charts.push([plot, id, height]);
}

const of = (name) => seconds.map((sample) => sample[name]);
chart(
  'goodput',
  320,
  [
    { label: 'calls a second', stroke: 'blue', values: of('calls'), fill: true },
    { label: 'requests answered a second', stroke: 'good', values: of('answered'), fill: true },
  ],
  { names: true },
);
chart(
  'latency',
  260,
  [
    { label: 'half are faster (p50)', stroke: 'good', values: of('p50Ms'), value: ms },
    { label: 'p95', stroke: 'orange', values: of('p95Ms'), value: ms },
    { label: 'p99', stroke: 'bad', values: of('p99Ms'), value: ms },
  ],
  {
    y: { distr: 3 },
    values: (_, values) =>
      values.map((value) =>
        value === null
          ? null
          : Number.isInteger(Math.log10(value))
            ? value >= 1000
              ? `${value / 1000} s`
              : `${value} ms`
            : '',
      ),
  },
);
chart('answers', 240, [
  { label: 'done', stroke: 'good', values: of('done') },
  { label: 'replays', stroke: 'blue', values: of('replays') },
  { label: 'refused', stroke: 'orange', values: of('refused') },
  { label: 'unknown', stroke: 'bad', values: of('unknown') },
]);
chart(
  'amplification',
  170,
  [
    {
      label: 'calls for each request',
      stroke: 'violet',
      values: seconds.map(({ calls, requests }) => (requests === 0 ? null : calls / requests)),
      value: (value) => value.toFixed(2),
    },
  ],
  { values: (_, values) => values.map((value) => value.toFixed(1)) },
);
addEventListener('resize', () => {
  for (const [plot, id, height] of charts) plot.setSize({ width: at(id).clientWidth - 16, height });
});

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
at('footer').append(
  `Started ${data.startedAt}, commit ${data.commit}, seed ${data.seed}. The ceiling of the closed loop was ${count(data.load.ceilingPerSecond)} requests a second. All latencies: p50 ${ms(latency.p50Ms)}, p95 ${ms(latency.p95Ms)}, p99 ${ms(latency.p99Ms)}, longest ${ms(latency.maxMs)}. Again: `,
  element('code', '', data.command),
  `. Every call is a line of ${data.files.history}.`,
);
