import { AffinisError, type Config } from '@affinis/core';
import type { Command } from 'commander';
import { createConfigSource } from '../live/config-source.ts';
import { runServer } from '../run-server.ts';

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
  const port = portOf(options.port);
  const override = (config: Config): Config => {
    const { server } = config;
    return { ...config, server: { ...server, host: options.host ?? server.host, port: port ?? server.port } };
  };
  const server = await runServer(createConfigSource(options.config, override));

  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return;
    stopping = true;
    server.log.info({ signal }, 'draining');
    await server.stop();
    server.log.info('stopped');
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', () => void server.reload());
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new AffinisError('invalid-argument', `--port ${text}: a port is a whole number from 0 to 65535`, {
    field: 'port',
  });
}
