import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';

/** One part of a multipart/related answer: its type, and its bytes or the file that holds them. */
export interface Part {
  readonly contentType: string;
  readonly location?: string;
  readonly content: Uint8Array | { readonly file: string };
}

/** Streams parts one after another (RFC 2387), so that a study needs no memory. */
export function multipart(parts: AsyncIterable<Part> | Iterable<Part>, boundary: string): Readable {
  return Readable.from(chunks(parts, boundary), { objectMode: false });
}

async function* chunks(
  parts: AsyncIterable<Part> | Iterable<Part>,
  boundary: string,
): AsyncIterable<Uint8Array> {
  for await (const part of parts) {
    const { content } = part;
    const length = content instanceof Uint8Array ? content.length : (await stat(content.file)).size;
    const lines = [
      `--${boundary}`,
      `Content-Type: ${part.contentType}`,
      `Content-Length: ${length}`,
      ...(part.location === undefined ? [] : [`Content-Location: ${part.location}`]),
    ];
    yield Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
    if (content instanceof Uint8Array) yield content;
    else yield* createReadStream(content.file, { highWaterMark: 1 << 18 });
    yield Buffer.from('\r\n');
  }
  yield Buffer.from(`--${boundary}--\r\n`);
}
