import { inlineBytes, type Limits, type Transport } from '@affinis/client';
import { embedderListingFromProto, metricListingFromProto, pluginV1, v1 } from '@affinis/contracts';
import { AffinisError } from '@affinis/core';
import { protocolVersions } from './plugin-environment.ts';

/** What a plugin says of itself. */
export interface PluginFacts {
  readonly name: string;
  readonly version: string;
  readonly components: readonly PluginComponent[];
  /** Payload that one message to it may hold. */
  readonly maxPayloadBytes: number;
  /** False for another Affinis server, which knows no instances and no configuration. */
  readonly configurable: boolean;
}

export interface PluginComponent {
  readonly kind: 'embedder' | 'metric';
  readonly id: string;
  readonly description: string;
  /** JSON Schema of its configuration. */
  readonly schema: JsonSchema;
}

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Largest message that this host sends and takes. */
export const maxMessageBytes = 64 * 1024 * 1024;

/** Throws where the plugin speaks no version that we do, or offers nothing. */
export async function handshake(name: string, transport: Transport, limits: Limits): Promise<PluginFacts> {
  const request: pluginV1.HandshakeRequest = {
    host: 'affinis',
    hostVersion: '0.1.0',
    protocolVersions: [...protocolVersions],
    capabilities: [],
    maxMessageBytes: BigInt(maxMessageBytes),
  };
  let response: pluginV1.HandshakeResponse;
  try {
    response = await transport.unary(pluginV1.PluginService.handshake, request, limits);
  } catch (thrown) {
    if (AffinisError.from(thrown).code === 'unimplemented') return askServer(name, transport, limits);
    throw thrown;
  }
  if (!protocolVersions.includes(response.protocolVersion))
    throw incompatible(name, `answers with protocol version ${response.protocolVersion}`);
  const components = await Promise.all(
    response.components.map(async (component): Promise<PluginComponent> => {
      const { kind, id, description } = component;
      const { jsonSchema } = await transport.unary(pluginV1.PluginService.getSchema, { kind, id }, limits);
      return { kind: kindOf(name, component), id, description, schema: schemaOf(name, id, jsonSchema) };
    }),
  );
  if (components.length === 0) throw incompatible(name, 'offers nothing');
  const theirs = Number(response.maxMessageBytes) || 4 * 1024 * 1024;
  return {
    name: response.name,
    version: response.version,
    components,
    maxPayloadBytes: payloadOf(Math.min(theirs, maxMessageBytes)),
    configurable: true,
  };
}

/** Another Affinis server has no `Plugin` service; what it serves is used as it is configured there. */
async function askServer(name: string, transport: Transport, limits: Limits): Promise<PluginFacts> {
  const { embedders } = await transport.unary(v1.EmbedderService.listEmbedders, {}, limits);
  const { metrics } = await transport.unary(v1.MetricService.listMetrics, {}, limits);
  const schema = { type: 'object', additionalProperties: false };
  return {
    name,
    version: '',
    components: [
      ...embedders.map(embedderListingFromProto).map((listing) => ({
        kind: 'embedder' as const,
        id: listing.name,
        description: `embedder of ${name}`,
        schema,
      })),
      ...metrics.map(metricListingFromProto).map((listing) => ({
        kind: 'metric' as const,
        id: listing.name,
        description: listing.description,
        schema,
      })),
    ],
    maxPayloadBytes: payloadOf(4 * 1024 * 1024),
    configurable: false,
  };
}

const payloadOf = (bytes: number): number => inlineBytes({ maxMessageBytes: bytes });

function kindOf(name: string, { kind, id }: pluginV1.Component): PluginComponent['kind'] {
  if (!/^[a-z0-9][a-z0-9._-]*$/.test(id)) throw incompatible(name, `offers a component of the id "${id}"`);
  if (kind === pluginV1.ComponentKind.EMBEDDER) return 'embedder';
  if (kind === pluginV1.ComponentKind.METRIC) return 'metric';
  throw incompatible(name, `offers "${id}" of a kind that is unknown here`);
}

function schemaOf(name: string, id: string, text: string): JsonSchema {
  try {
    const schema: unknown = JSON.parse(text);
    if (typeof schema === 'object' && schema !== null && !Array.isArray(schema)) return schema as JsonSchema;
  } catch {
    // Told below.
  }
  throw incompatible(name, `gives no JSON Schema for "${id}"`);
}

const incompatible = (name: string, problem: string) =>
  new AffinisError(
    'failed-precondition',
    `[plugin-host] plugin "${name}" ${problem}; bring plugin and server to versions that fit (this server speaks ${protocolVersions.join(', ')})`,
    { field: 'plugins', reason: 'PLUGIN_INCOMPATIBLE' },
  );
