// An error's text as gRPC carries it: percent-encoded where gRPC's own rule says so, and nowhere else.

/** Space to tilde go as they are. Some clients (grpc-js) undo no more than that: they would show `%3B` for a semicolon. */
export function encodeGrpcMessage(message: string): string {
  return Array.from(Buffer.from(message), (byte) => {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    return isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}
