import { AffinisError } from '@affinis/core';
import type { Command } from 'commander';
import { pino } from 'pino';
import { composeRuntime, loadConfig } from '../composition.ts';
import { startServer } from '../grpc/start-server.ts';
import { openGalleries } from './open-galleries.ts';

interface ServeOptions {
  readonly config?: string;
  readonly host?: string;
  readonly port?: string;
}

export function addServe(program: Command): void {
  program
    .command('serve')
    .description('start the gRPC server')
    .option('-c, --config <file>', 'configuration (default: affinis.yaml here, or none)')
    .option('--host <address>', 'address to bind, over the configuration')
    .option('-p, --port <number>', 'port to bind, over the configuration; 0 takes a free one')
    .addHelpText(
      'after',
      '\nExamples:\n  affinis serve\n  affinis serve --port 0\n  affinis serve --config affinis.yaml',
    )
    .action(serve);
}

async function serve(options: ServeOptions): Promise<void> {
  const loaded = loadConfig(options.config);
  const { server } = loaded.config;
  const config = {
    ...loaded.config,
    server: { ...server, host: options.host ?? server.host, port: portOf(options.port) ?? server.port },
  };
  const log = pino({ level: server.logLevel, base: { name: 'affinis' } });
  const runtime = await composeRuntime(
    { ...loaded, config },
    { onWorkerEvent: (event) => log.warn(event, 'worker thread') },
  );
  const galleries = await openGalleries(loaded, runtime).catch(async (thrown: unknown) => {
    await runtime.close();
    throw thrown;
  });
  const running = await startServer({ runtime, galleries, folder: loaded.folder }, log).catch(
    async (thrown: unknown) => {
      await galleries.close();
      await runtime.close();
      throw thrown;
    },
  );
  for (const { name, state } of runtime.pipelines.values())
    if (!state.available) log.warn({ pipeline: name, reason: state.reason }, 'pipeline unavailable');
  log.info(
    {
      address: `${running.host}:${running.port}`,
      pipelines: [...runtime.pipelines.values()].filter((p) => p.state.available).map((p) => p.name),
    },
    'ready',
  );

  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'draining');
    await running.stop();
    await galleries.close();
    await runtime.close();
    log.info('stopped');
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new AffinisError('invalid-argument', `--port ${text}: a port is a whole number from 0 to 65535`, {
    field: 'port',
  });
}
