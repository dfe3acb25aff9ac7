import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { once } from 'node:events';

/** Another process of the benchmark, which is asked and answers over Node's IPC channel. */
export interface Helper {
  readonly pid: number;
  ask(question: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

/** Starts `processes/FILE` and waits for its first message, which the result carries as `greeting`. */
export async function startHelper(
  file: string,
  { args = [], ...options }: ForkOptions & { readonly args?: readonly string[] } = {},
): Promise<Helper & { readonly greeting: unknown }> {
  const child = fork(new URL(`../processes/${file}`, import.meta.url), args, { serialization: 'advanced', ...options });
  endWithThisProcess(child);
  const greeting = await nextMessage(child);
  return {
    pid: child.pid ?? -1,
    greeting,
    ask(question) {
      const answer = nextMessage(child);
      child.send(question as object);
      return answer;
    },
    stop: () => endProcess(child),
  };
}

export async function nextMessage(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const exited = once(child, 'exit', { signal: ended.signal }).then(([code, signal]) => {
    throw new Error(`a helper process ended with ${code ?? signal} before it answered`);
  });
  exited.catch(() => undefined);
  try {
    const [message] = await Promise.race([once(child, 'message', { signal: ended.signal }), exited]);
    return message;
  } finally {
    ended.abort();
  }
}

/** SIGTERM, and SIGKILL where that does not help within five seconds. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  child.kill('SIGTERM');
  await exited;
  clearTimeout(timer);
}

/** No child outlives the benchmark, not even one that fails. */
export function endWithThisProcess(child: ChildProcess): void {
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
}
