import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type AdminClient, type AffinisClient, createAdminClient, createAffinisClient } from '@affinis/client';
import { endProcess, endWithThisProcess, nextMessage } from './child-process.ts';
import { adminToken, createWorkplace } from './workplace.ts';

/** The built server in a process of its own, with a client that this process is. */
export interface BenchServer {
  readonly address: string;
  readonly pid: number;
  /** From spawning it to its line `ready`. */
  readonly startMs: number;
  readonly client: AffinisClient;
  /** Of its admin port; throws where `config` opens none by `adminSection`. */
  admin(): AdminClient;
  /** Puts a new `affinis.yaml` in the old one's place. */
  configure(text: string): void;
  /** Asks the event loop probe; only with `probe`. */
  ask(question: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

export interface BenchServerOptions {
  /** Text of its `affinis.yaml`. */
  readonly config?: string;
  /** User models in its folder: names of `tools/models/user-models`. */
  readonly userModels?: readonly string[];
  /** Loads `processes/loop-probe.ts` into it. */
  readonly probe?: boolean;
  /** More arguments of Node. */
  readonly nodeArguments?: readonly string[];
}

const affinis = fileURLToPath(new URL('../../../apps/server/bin/affinis.mjs', import.meta.url));
const probeModule = new URL('../processes/loop-probe.js', import.meta.url).href;

export async function startServer(options: BenchServerOptions = {}): Promise<BenchServer> {
  const workplace = createWorkplace(options);
  const probe = options.probe ? ['--import', probeModule] : [];
  const nodeArguments = [...probe, ...(options.nodeArguments ?? []), affinis, 'serve', '--port', '0'];
  const spawnedAt = performance.now();
  const child = spawn(process.execPath, nodeArguments, {
    cwd: workplace.folder,
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  endWithThisProcess(child);
  child.once('exit', () => workplace.remove());
  const { address, admin } = await readyAddresses(child).catch(async (thrown: unknown) => {
    await endProcess(child);
    throw thrown;
  });
  const startMs = performance.now() - spawnedAt;
  const client = createAffinisClient({ address, deadlineMs: 60_000 });
  let adminClient: AdminClient | undefined;
  return {
    address,
    pid: child.pid ?? -1,
    startMs,
    client,
    admin() {
      if (admin === undefined) throw new Error('the server has no admin port');
      adminClient ??= createAdminClient({ address: admin, token: adminToken });
      return adminClient;
    },
    configure: workplace.configure,
    ask(question) {
      const answer = nextMessage(child);
      child.send(question as object);
      return answer;
    },
    async stop() {
      client.close();
      adminClient?.close();
      await endProcess(child);
    },
  };
}

/** Runs `work` with a server and ends it, whatever happens. */
export async function withServer<T>(
  options: BenchServerOptions,
  work: (server: BenchServer) => Promise<T>,
): Promise<T> {
  const server = await startServer(options);
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

function readyAddresses({ stdout }: ChildProcess): Promise<{ readonly address: string; readonly admin?: string }> {
  if (!stdout) throw new Error('the server has no standard output');
  const lines = createInterface({ input: stdout });
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      // Node writes to standard output too where its arguments ask for it (`--trace-gc`).
      if (!line.startsWith('{')) return;
      const entry = JSON.parse(line) as { readonly msg: string; readonly address: string; readonly admin?: string };
      if (entry.msg === 'ready') resolve(entry);
    });
    lines.once('close', () => reject(new Error('the server ended before it was ready; its reason stands above')));
  });
}
