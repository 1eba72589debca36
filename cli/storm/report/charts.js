// The report's charts, drawn by uPlot with the kills behind the curves. Runs after page.js and uses what that defines.

const css = getComputedStyle(document.documentElement);
const color = (name) => css.getPropertyValue(`--${name}`).trim();
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
  const begin = ({ fromMs }) => Math.max(bbox.left, plot.valToPos(fromMs / 1000, 'x', true));
  for (const [index, phase] of data.load.phases.entries()) {
    const from = begin(phase);
    const next = data.load.phases[index + 1];
    ctx.beginPath();
    ctx.moveTo(from, bbox.top - 16 * devicePixelRatio);
    ctx.lineTo(from, bbox.top + bbox.height);
    ctx.globalAlpha = 0.6;
    ctx.stroke();
    ctx.globalAlpha = 1;
    // A name that is longer than its phase stands before it, where it does not run into the next one.
    const gap = 4 * devicePixelRatio;
    const fits = !next || ctx.measureText(phase.name).width + 2 * gap <= begin(next) - from;
    ctx.textAlign = fits ? 'left' : 'right';
    ctx.fillText(phase.name, fits ? from + gap : from - gap, bbox.top - 5 * devicePixelRatio);
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
