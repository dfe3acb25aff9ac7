import { fstatSync } from 'node:fs';
import { pluginV1, v1 } from '@affinis/contracts';
import { AffinisError, type Plugin } from '@affinis/core';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { createEmbedderService } from './embedder-service.ts';
import { createInstances } from './instances.ts';
import { maxMessageBytes } from './limits.ts';
import { createMetricService } from './metric-service.ts';
import { createPluginService } from './plugin-service.ts';

export interface ServedPlugin {
  /** Lets calls in flight finish, for `graceMs` at most. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Serves the plugin's embedders and metrics on an address: `unix:///path` or `HOST:PORT`. Throws `failed-precondition`
 * where it offers neither, since backends and modalities work inside the server only.
 */
export async function servePlugin(plugin: Plugin, address: string, onShutdown = () => {}): Promise<ServedPlugin> {
  if (!plugin.embedders?.length && !plugin.metrics?.length)
    throw new AffinisError(
      'failed-precondition',
      `[plugin-sdk] plugin "${plugin.name}" offers no embedder and no metric; name it as a module under "plugins" instead`,
    );
  const instances = createInstances(plugin);
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc-node.flow_control_window': 1024 * 1024,
  });
  server.addService(pluginV1.PluginService, createPluginService(plugin, instances, onShutdown));
  server.addService(v1.EmbedderService, createEmbedderService(instances));
  server.addService(v1.MetricService, createMetricService(instances));
  new HealthImplementation({ '': 'SERVING' }).addToServer(server);
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve())),
  );
  return {
    async stop(graceMs) {
      const timer = setTimeout(() => server.forceShutdown(), graceMs);
      await new Promise<void>((done) => server.tryShutdown(() => done()));
      clearTimeout(timer);
      await instances.close();
    },
  };
}

const graceMs = 4000;

/**
 * Serves the plugin as a process of its own, by the contract in docs/plugin-contract.md: on the address that the host
 * names in AFFINIS_ENDPOINT, until standard input ends or the host says so. Then the process exits.
 */
export async function serve(plugin: Plugin): Promise<void> {
  const { AFFINIS_PLUGIN, AFFINIS_ENDPOINT } = process.env;
  if (AFFINIS_PLUGIN !== '1' || !AFFINIS_ENDPOINT) {
    const offers = [...(plugin.embedders ?? []), ...(plugin.metrics ?? [])].map(({ id }) => id).join(', ');
    process.stderr.write(
      `${plugin.name} is an Affinis plugin (${offers}) and is started by a server: name its command under "plugins" in affinis.yaml.\n`,
    );
    process.exit(2);
  }
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    void served.stop(graceMs).finally(() => process.exit(0));
  };
  const served = await servePlugin(plugin, AFFINIS_ENDPOINT, stop);
  watchLifeline(stop);
}

/** Standard input is held open by the host: its end means that the host is gone, or wants no more. */
function watchLifeline(onEnd: () => void): void {
  // A terminal or a file is no lifeline: somebody tries the plugin by hand.
  if (!isPipe()) return;
  process.stdin.on('end', onEnd).on('close', onEnd).on('error', onEnd).resume();
}

function isPipe(): boolean {
  const stats = fstatSync(0);
  return stats.isFIFO() || stats.isSocket();
}
