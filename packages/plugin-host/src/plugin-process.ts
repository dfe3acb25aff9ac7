import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AffinisError, bytesOfSize, type ProcessPluginConfig } from '@affinis/core';
import { watchMemory } from './memory-watch.ts';
import { pluginEnvironment } from './plugin-environment.ts';
import { createPluginOutput } from './plugin-output.ts';

/** A running plugin process and the folder of its socket; both are gone once it has ended. */
export interface PluginProcess {
  /** `unix:///…/p.sock` */
  readonly endpoint: string;
  readonly pid: number | undefined;
  /** Why it ended, its last lines included. Never rejects. */
  readonly ended: Promise<AffinisError>;
  /** Ends it and what it started, now; `why` becomes part of the reason. */
  kill(why: string): void;
  /** Closes standard input and waits; what does not end within `graceMs` is killed. */
  stop(graceMs: number): Promise<void>;
}

export interface LaunchOptions {
  readonly config: ProcessPluginConfig;
  readonly command: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  readonly logLevel: string;
  onLine(tag: 'out' | 'err', line: string): void;
}

/** Longer paths of sockets are cut by the system without a word. */
const longestSocketPath = 103;
/** Of a plugin's name, in the name of its socket's folder. */
const nameLength = 24;
const shownLines = 8;
const outputGraceMs = 100;

export function launchPlugin({ config, command, cwd, logLevel, onLine }: LaunchOptions): PluginProcess {
  const folder = mkdtempSync(join(tmpdir(), `affinis-${config.name.slice(0, nameLength)}-`));
  const socket = join(folder, 'p.sock');
  if (Buffer.byteLength(socket) > longestSocketPath) {
    rmSync(folder, { recursive: true, force: true });
    throw new AffinisError(
      'failed-precondition',
      `[plugin-host] plugin "${config.name}": the socket's path would be longer than ${longestSocketPath} bytes; set TMPDIR to a shorter folder`,
      { field: 'plugins' },
    );
  }
  const endpoint = `unix://${socket}`;
  const output = createPluginOutput(onLine);
  const [program = '', ...args] = command;
  // A group of its own, so that what the plugin starts can be ended with it.
  const child = spawn(program, args, {
    cwd,
    env: pluginEnvironment(config, endpoint, logLevel),
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  output.read(child.stdout, 'out');
  output.read(child.stderr, 'err');
  child.stdin.on('error', () => undefined);
  let reason: string | undefined;
  const kill = (why: string) => {
    reason ??= why;
    killGroup(child);
  };
  const limit = config.maxMemory === undefined ? undefined : bytesOfSize(config.maxMemory);
  const memory =
    limit === undefined ? undefined : watchMemory(child.pid, limit, (used) => kill(overLimit(used, config)));
  const ended = new Promise<AffinisError>((resolve) => {
    const end = (what: string, startable: boolean) => {
      memory?.stop();
      // What it started may have outlived it.
      killGroup(child);
      rmSync(folder, { recursive: true, force: true });
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
      resolve(lost(config.name, reason ?? what, output.lines, startable));
    };
    child.once('error', (error: NodeJS.ErrnoException) =>
      end(`cannot be started (${describe(error, program)})`, false),
    );
    child.once('exit', (code, signal) => {
      const what = signal ? `was ended by ${signal}` : `ended with code ${code}`;
      // Its last lines are still under way; something that it started may hold the pipes open for ever.
      const timer = setTimeout(() => end(what, true), outputGraceMs);
      child.once('close', () => {
        clearTimeout(timer);
        end(what, true);
      });
    });
  });
  return {
    endpoint,
    pid: child.pid,
    ended,
    kill,
    async stop(graceMs) {
      child.stdin.end();
      const timer = setTimeout(() => kill('did not end when it was asked to'), graceMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone.
  }
}

function describe({ code, message }: NodeJS.ErrnoException, program: string): string {
  return code === 'ENOENT' ? `"${program}" is not there; check "command" and "cwd"` : (code ?? message);
}

const overLimit = (used: number, { maxMemory }: ProcessPluginConfig) =>
  `took ${Math.round(used / 2 ** 20)} MiB of memory, over its maxMemory of ${maxMemory}`;

function lost(name: string, what: string, lines: readonly string[], startable: boolean): AffinisError {
  const last = lines.slice(-shownLines);
  return new AffinisError(
    'unavailable',
    `[plugin-host] plugin "${name}" ${what}; it is started again where it can be`,
    {
      reason: startable ? 'PLUGIN_LOST' : 'PLUGIN_UNSTARTABLE',
      retryAfterMs: 1000,
      ...(last.length === 0 ? {} : { cause: new Error(`its last lines:\n${last.join('\n')}`) }),
    },
  );
}
