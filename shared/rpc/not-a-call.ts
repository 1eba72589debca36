// Requests that are no call: answered so that a person with curl or a browser sees what to do, and gRPC its status.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { Code } from '@connectrpc/connect';
import { encodeGrpcMessage } from './grpc-message.ts';

/** A path that is no RPC. */
export function answerUnknownPath(request: IncomingMessage, response: ServerResponse): void {
  const [path] = (request.url ?? '').split('?', 1);
  const message = unknownPathMessage(path ?? '');
  if (contentTypeOf(request).startsWith('application/grpc')) {
    response.writeHead(200, {
      'content-type': 'application/grpc',
      'grpc-status': String(Code.Unimplemented),
      'grpc-message': encodeGrpcMessage(message),
    });
    response.end();
    return;
  }
  answerJson(response, 404, 'unimplemented', message);
}

export function unknownPathMessage(path: string): string {
  return `no RPC ${path} here: paths are /package.Service/Method; \`grpcurl -plaintext HOST:PORT list\` names the services`;
}

/** Whether the body is in none of the formats of Connect, gRPC and gRPC-Web. Most often `curl -d` without a header. */
export function isUnknownFormat(request: IncomingMessage): boolean {
  return (
    request.method === 'POST' && !/^application\/(json|proto|connect\+|grpc)/i.test(contentTypeOf(request))
  );
}

/** Connect itself answers this with an empty body. */
export function answerUnknownFormat(response: ServerResponse): void {
  answerJson(response, 415, 'invalid_argument', "add -H 'content-type: application/json'");
}

/** A request without a usable host: Connect cannot make a URL of it. */
export function answerUnusable(response: ServerResponse): void {
  answerJson(response, 400, 'invalid_argument', 'not a usable HTTP request: send a host');
}

function contentTypeOf(request: IncomingMessage): string {
  return request.headers['content-type'] ?? '';
}

function answerJson(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify({ code, message })}\n`);
}
