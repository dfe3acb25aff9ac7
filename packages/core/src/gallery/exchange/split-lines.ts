/** A line's number, from 1, and its text; no text where it is too long or no UTF-8. */
export interface Line {
  readonly number: number;
  readonly text?: string;
  readonly problem?: 'too long' | 'no UTF-8';
}

/** Cuts bytes into lines with flat memory: of a line that is too long no more is kept. Empty lines are left out. */
export async function* splitLines(
  chunks: AsyncIterable<Uint8Array | string>,
  maxLineBytes = 64 * 2 ** 20,
): AsyncIterable<Line> {
  let number = 0;
  let parts: Uint8Array[] = [];
  let bytes = 0;
  const keep = (part: Uint8Array) => {
    bytes += part.length;
    if (bytes <= maxLineBytes) parts.push(part);
    else parts = [];
  };
  const take = (): Line | undefined => {
    number++;
    const line = bytes > maxLineBytes ? { number, problem: 'too long' as const } : decoded(number, parts);
    parts = [];
    bytes = 0;
    return line?.text === '' ? undefined : line;
  };
  for await (const chunk of chunks) {
    const data = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    let start = 0;
    for (let end = data.indexOf(newline); end >= 0; end = data.indexOf(newline, start)) {
      keep(data.subarray(start, end));
      start = end + 1;
      const line = take();
      if (line) yield line;
    }
    // A reader may use its buffer again.
    if (start < data.length) keep(data.slice(start));
  }
  const last = bytes > 0 ? take() : undefined;
  if (last) yield last;
}

const newline = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true });

function decoded(number: number, parts: readonly Uint8Array[]): Line {
  try {
    return { number, text: utf8.decode(Buffer.concat(parts)).trim() };
  } catch {
    return { number, problem: 'no UTF-8' };
  }
}
