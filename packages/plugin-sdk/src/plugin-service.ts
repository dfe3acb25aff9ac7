import { embedderListingToProto, metricListingToProto, pluginV1 } from '@affinis/contracts';
import { AffinisError, type Plugin } from '@affinis/core';
import { z } from 'zod';
import { unary } from './handlers.ts';
import { type Component, disposeOf, type Instance, type Instances } from './instances.ts';
import { maxMessageBytes } from './limits.ts';

const protocolVersion = 1;
const kinds = { embedder: pluginV1.ComponentKind.EMBEDDER, metric: pluginV1.ComponentKind.METRIC } as const;

/** `affinis.plugin.v1.Plugin` over a plugin object. */
export function createPluginService(
  plugin: Plugin,
  instances: Instances,
  onShutdown: () => void,
): pluginV1.PluginServer {
  const find = ({ kind, id }: { readonly kind: pluginV1.ComponentKind; readonly id: string }): Component =>
    instances.component(kind === pluginV1.ComponentKind.METRIC ? 'metric' : 'embedder', id);
  return {
    handshake: unary(async ({ protocolVersions }) => {
      if (!protocolVersions.includes(protocolVersion))
        throw new AffinisError(
          'failed-precondition',
          `[plugin] ${plugin.name} speaks protocol version ${protocolVersion} and the host ${protocolVersions.join(', ') || 'none'}; bring them together`,
          { field: 'protocol_versions', reason: 'PROTOCOL_VERSION' },
        );
      return {
        protocolVersion,
        name: plugin.name,
        version: plugin.version ?? '',
        capabilities: [],
        maxMessageBytes: BigInt(maxMessageBytes),
        components: instances.components.map(({ kind, definition: { id, description } }) => ({
          kind: kinds[kind],
          id,
          description,
        })),
      };
    }),
    getSchema: unary(async (request) => {
      const { parameters } = find(request).definition;
      return { jsonSchema: JSON.stringify(schemaOf(parameters)) };
    }),
    validateConfig: unary(async (request) => {
      const component = find(request);
      try {
        await disposeOf(await instances.make(component, configOf(request.configJson)));
        return { diagnostics: [] };
      } catch (thrown) {
        const { message, field = '' } = AffinisError.from(thrown, 'plugin');
        return { diagnostics: [{ pointer: pointerOf(field), message }] };
      }
    }),
    configure: unary(async (request) => ({
      instanceId: instances.keep(await instances.make(find(request), configOf(request.configJson))),
    })),
    describeInstance: unary(async ({ instanceId }) => ({ description: descriptionOf(instances.get(instanceId)) })),
    dispose: unary(async ({ instanceId }) => {
      await instances.dispose(instanceId);
      return {};
    }),
    shutdown: unary(async () => {
      setImmediate(onShutdown);
      return {};
    }),
  };
}

/** Of a schema that JSON Schema cannot express, any object: the plugin itself checks it. */
function schemaOf(parameters: z.ZodType): object {
  try {
    return z.toJSONSchema(parameters, { io: 'input' });
  } catch {
    return { type: 'object' };
  }
}

function configOf(json: string): unknown {
  try {
    return json === '' ? {} : JSON.parse(json);
  } catch {
    throw new AffinisError('invalid-argument', '[plugin] the configuration is no JSON; send an object', {
      field: 'config_json',
      reason: 'BAD_PARAMETERS',
    });
  }
}

/** `layers[0].size` as `/layers/0/size`. */
const pointerOf = (field: string): string =>
  field
    .split(/[.[\]]+/)
    .filter((part) => part !== '')
    .map((part) => `/${part.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');

function descriptionOf(instance: Instance): pluginV1.DescribeInstanceResponse['description'] {
  const { id: name, description } = instance.definition;
  if (instance.kind === 'embedder') {
    const listing = { name, availability: { available: true }, description: instance.embedder.description } as const;
    return { $case: 'embedder', value: embedderListingToProto(listing) };
  }
  const { polarity, needsVariance } = instance.metric;
  const { unit } = instance.definition;
  return { $case: 'metric', value: metricListingToProto({ name, description, unit, polarity, needsVariance }) };
}
