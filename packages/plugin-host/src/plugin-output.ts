import type { Readable } from 'node:stream';

/** The last lines that a process wrote, to be shown when it ends. Bounded, whatever it prints. */
export interface PluginOutput {
  /** Oldest first; each begins with `out` or `err`. */
  readonly lines: readonly string[];
  read(stream: Readable, tag: 'out' | 'err'): void;
}

const keptLines = 30;
const keptCharacters = 400;

/** `onLine` gets each line as it comes, cut to a length that a log bears. */
export function createPluginOutput(onLine: (tag: 'out' | 'err', line: string) => void): PluginOutput {
  const lines: string[] = [];
  return {
    lines,
    read(stream, tag) {
      let rest = '';
      const keep = (line: string) => {
        if (line.trim() === '') return;
        onLine(tag, line);
        lines.push(`${tag} ${line}`);
        if (lines.length > keptLines) lines.shift();
      };
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        const parts = `${rest}${text}`.split('\n');
        // A line without an end is cut, so that it takes no more memory however long it gets.
        rest = (parts.pop() ?? '').slice(0, keptCharacters);
        for (const line of parts) keep(line.slice(0, keptCharacters));
      });
      stream.on('end', () => keep(rest));
      stream.on('error', () => undefined);
    },
  };
}
