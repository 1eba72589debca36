// The little of MongoDB's wire protocol that a watcher needs: where a message ends, which one answers which, and whether it
// inserts into a journal. It changes nothing and understands nothing else.

/** The header of a message: length, number, number of the one that it answers, kind; 32 bits each. */
const headerBytes = 16;
const opMessage = 2013;
/** After the header: 32 bits of flags, then a section's kind. Kind 0 is the command. */
const sectionAt = headerBytes + 4;
const commandAt = sectionAt + 1;
const stringType = 0x02;

export interface WireMessage {
  readonly number: number;
  readonly answers: number;
  /** The collection that it inserts into; undefined for every other message. */
  readonly insertsInto: string | undefined;
}

/** Across whichever pieces TCP delivers. It keeps at most one message. */
export function createMessageSplitter(): (chunk: Buffer) => WireMessage[] {
  let chunks: Buffer[] = [];
  let byteCount = 0;
  return (chunk) => {
    chunks.push(chunk);
    byteCount += chunk.length;
    const messages: WireMessage[] = [];
    // Pieces are joined only when a message is whole: a large one comes in hundreds.
    while (byteCount >= headerBytes && byteCount >= lengthOf(chunks)) {
      const all = chunks.length === 1 ? (chunks[0] ?? chunk) : Buffer.concat(chunks);
      const length = all.readInt32LE(0);
      messages.push(messageOf(all.subarray(0, length)));
      const rest = all.subarray(length);
      chunks = rest.length === 0 ? [] : [rest];
      byteCount = rest.length;
    }
    return messages;
  };
}

function lengthOf(chunks: Buffer[]): number {
  const [first] = chunks;
  if (first && first.length >= 4) return first.readInt32LE(0);
  const joined = Buffer.concat(chunks);
  chunks.splice(0, chunks.length, joined);
  return joined.readInt32LE(0);
}

function messageOf(bytes: Buffer): WireMessage {
  const isCommand = bytes.readInt32LE(12) === opMessage && bytes.readUInt8(sectionAt) === 0;
  return {
    number: bytes.readInt32LE(4),
    answers: bytes.readInt32LE(8),
    insertsInto: isCommand ? collectionOf(bytes.subarray(commandAt)) : undefined,
  };
}

/** A command's first field is its name, and of an insert the field's value is the collection's. */
function collectionOf(document: Buffer): string | undefined {
  const nameEnd = document.indexOf(0, 5);
  if (document.readUInt8(4) !== stringType || document.toString('utf8', 5, nameEnd) !== 'insert')
    return undefined;
  const length = document.readInt32LE(nameEnd + 1);
  return document.toString('utf8', nameEnd + 5, nameEnd + 4 + length);
}
