import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type KillTarget, loadTarget } from './kill-target.ts';
import type { JournalEntry, WrittenState } from './written-state.ts';

export { createWrittenState } from './written-state.ts';

export interface KillRoundOptions {
  /** URL of a built module that exports a `KillTarget`. */
  readonly module: string;
  /** The store's folder, which goes on from round to round. */
  readonly folder: string;
  readonly state: WrittenState;
  /** Decides what is written. */
  readonly seed: number;
  /** Milliseconds after its start at which the writer is killed. */
  readonly lifeMs: number;
  /** Looks at what is left; default: the module, loaded here. */
  readonly target?: KillTarget;
}

export interface KillFigures {
  readonly acknowledged: number;
  readonly underWay: number;
  readonly templates: number;
}

// Processes run the build, also where the tests run on source.
const writer = fileURLToPath(new URL('../../dist/kill/writer.js', import.meta.url));

/** Kills a process that writes, deletes and compacts; throws where the store has lost or brought back anything. */
export async function killRound(options: KillRoundOptions): Promise<KillFigures> {
  const { module, folder, state, seed, lifeMs } = options;
  const journal = `${folder}.journal`;
  rmSync(journal, { force: true });
  await runUntilKilled([writer, module, folder, journal, String(seed), String(lifeMs)]);
  const entries = existsSync(journal) ? parse(readFileSync(journal, 'utf8')) : [];
  for (const entry of entries) state.note(entry);
  const store = await (options.target ?? (await loadTarget(module))).open(folder);
  try {
    return { acknowledged: entries.filter((entry) => 'done' in entry).length, ...(await state.check(store)) };
  } finally {
    await store.close();
  }
}

const longestMs = 30_000;

async function runUntilKilled(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'pipe'] });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const late = setTimeout(kill, longestMs);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text;
  });
  try {
    const [code, signal] = await once(child, 'exit');
    if (signal !== 'SIGKILL') throw new Error(`the writer ended by itself with ${code ?? signal}: ${complaint}`);
  } finally {
    clearTimeout(late);
    process.off('exit', kill);
  }
}

/** The last line may be cut off. */
function parse(text: string): JournalEntry[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as JournalEntry);
}
