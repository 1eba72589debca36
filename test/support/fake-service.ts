// Stands in for a service where the suite itself is tested: says that it listens, answers health, ends on SIGTERM.
// FAKE_SERVICE is which one; FAKE_PROBLEM makes it end with that sentence instead.

import { createServer } from 'node:http';

const name = process.env['FAKE_SERVICE'] ?? '';
const port = Number(process.env[`${name.toUpperCase()}_PORT`]);

if (process.env['FAKE_PROBLEM']) {
  process.stderr.write(`${process.env['FAKE_PROBLEM']}\n`);
  process.exit(1);
}

const server = createServer((_request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ status: 'SERVING', environment: process.env }));
});
server.listen(port, process.env['HOST'], () =>
  process.stdout.write(`${name} listening on ${process.env['HOST']}:${port}\n`),
);
process.on('SIGTERM', () => process.exit(0));
