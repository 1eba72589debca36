// Splits one direction of an HTTP/2 connection into frames, across whichever pieces TCP delivers. It keeps at most one
// frame, and frames have a size limit that both ends agreed on.

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  /** Header and payload, as they came. */
  readonly bytes: Buffer;
}

export const frameTypes = { data: 0x0, headers: 0x1, rstStream: 0x3, windowUpdate: 0x8, continuation: 0x9 };
export const endStreamFlag = 0x1;

const headerBytes = 9;

export function createFrameSplitter(): (chunk: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const frames: Frame[] = [];
    while (rest.length >= headerBytes) {
      const length = headerBytes + rest.readUIntBE(0, 3);
      if (rest.length < length) break;
      const bytes = rest.subarray(0, length);
      frames.push({
        type: bytes.readUInt8(3),
        flags: bytes.readUInt8(4),
        streamId: bytes.readUInt32BE(5) & 0x7fff_ffff,
        bytes,
      });
      rest = rest.subarray(length);
    }
    return frames;
  };
}

/** The same frame without the flag that ends its stream. */
export function withoutEnd({ bytes, flags }: Frame): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(flags & ~endStreamFlag, 4);
  return copy;
}

export function rstStream(streamId: number, errorCode: number): Buffer {
  return controlFrame(frameTypes.rstStream, streamId, errorCode);
}

export function windowUpdate(increment: number): Buffer {
  return controlFrame(frameTypes.windowUpdate, 0, increment);
}

function controlFrame(type: number, streamId: number, value: number): Buffer {
  const frame = Buffer.alloc(headerBytes + 4);
  frame.writeUIntBE(4, 0, 3);
  frame.writeUInt8(type, 3);
  frame.writeUInt32BE(streamId, 5);
  frame.writeUInt32BE(value, headerBytes);
  return frame;
}
