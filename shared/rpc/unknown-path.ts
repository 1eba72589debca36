// Paths that are no RPC: answered so that a person with curl or a browser sees what to do, and gRPC sees UNIMPLEMENTED.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Code } from '@connectrpc/connect';

export function answerUnknownPath(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  const message = `no RPC ${path} here: paths are /package.Service/Method; \`grpcurl -plaintext HOST:PORT list\` names the services`;
  if (request.headers['content-type']?.startsWith('application/grpc')) {
    response.writeHead(200, {
      'content-type': 'application/grpc',
      'grpc-status': String(Code.Unimplemented),
      'grpc-message': encodeURIComponent(message),
    });
    response.end();
    return;
  }
  response.writeHead(404, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify({ code: 'unimplemented', message })}\n`);
}
