import { isDeepStrictEqual } from 'node:util';
import type { Limits } from '@affinis/client';
import {
  type EmbedderListing,
  embedderListingFromProto,
  metricListingFromProto,
  pluginV1,
  v1,
} from '@affinis/contracts';
import { AffinisError, type EmbedderDescription } from '@affinis/core';
import type { PluginComponent } from './handshake.ts';
import type { PluginLife } from './plugin-life.ts';

/** A component with one configuration; it is configured again in every new process of its plugin. */
export interface PluginInstance<Description> {
  /** As the first process described it. */
  readonly description: Description;
  /** What calls to it carry, in this life of the plugin. */
  metadata(life: PluginLife, limits: Limits): Promise<Readonly<Record<string, string>>>;
  dispose(life: PluginLife | undefined): Promise<void>;
}

export interface MetricFacts {
  readonly unit: string;
  readonly polarity: 'similarity' | 'distance';
  readonly needsVariance: boolean;
}

export type Config = Readonly<Record<string, unknown>>;

/** Throws `invalid-argument`, the field relative to the configuration, where the plugin refuses it. */
export const openEmbedder = (
  component: PluginComponent,
  config: Config,
  life: PluginLife,
  limits: Limits,
): Promise<PluginInstance<EmbedderDescription>> => open(component, config, life, limits, embedderOf);

export const openMetric = (
  component: PluginComponent,
  config: Config,
  life: PluginLife,
  limits: Limits,
): Promise<PluginInstance<MetricFacts>> => open(component, config, life, limits, metricOf);

interface Opened<Description> {
  readonly instanceId: string | undefined;
  readonly description: Description;
}

type Described = Awaited<ReturnType<typeof describe>>;

async function open<Description>(
  component: PluginComponent,
  config: Config,
  firstLife: PluginLife,
  limits: Limits,
  read: (described: Described, component: PluginComponent) => Description,
): Promise<PluginInstance<Description>> {
  const configure = async (life: PluginLife, within: Limits): Promise<Opened<Description>> => {
    const instanceId = life.facts.configurable ? await configureIn(life, component, config, within) : undefined;
    return { instanceId, description: read(await describe(life, component, instanceId, within), component) };
  };
  const first = await configure(firstLife, limits);
  const opened = new WeakMap<PluginLife, Promise<Opened<Description>>>([[firstLife, Promise.resolve(first)]]);
  return {
    description: first.description,
    async metadata(life, within) {
      const opening = opened.get(life) ?? configure(life, within);
      opened.set(life, opening);
      opening.catch(() => opened.delete(life));
      const { instanceId, description } = await opening;
      if (!isDeepStrictEqual(description, first.description)) throw changed(life, component);
      return instanceId === undefined ? {} : { 'affinis-instance': instanceId };
    },
    async dispose(life) {
      const instanceId = life && (await opened.get(life)?.catch(() => undefined))?.instanceId;
      if (!life || instanceId === undefined) return;
      await life.transport.unary(pluginV1.PluginService.dispose, { instanceId }, {}).catch(() => undefined);
    },
  };
}

const kinds = { embedder: pluginV1.ComponentKind.EMBEDDER, metric: pluginV1.ComponentKind.METRIC } as const;

async function configureIn(
  { transport }: PluginLife,
  { kind, id }: PluginComponent,
  config: Config,
  limits: Limits,
): Promise<string> {
  const request = { kind: kinds[kind], id, configJson: JSON.stringify(config) };
  try {
    return (await transport.unary(pluginV1.PluginService.configure, request, limits)).instanceId;
  } catch (thrown) {
    throw named(AffinisError.from(thrown, 'plugin-host'), kind, id);
  }
}

/** A refusal of the configuration, with the component that refuses it; anything else as it is. */
function named(error: AffinisError, kind: string, id: string): AffinisError {
  if (error.code !== 'invalid-argument') return error;
  const field = error.field
    ?.replace(/^config_json\.?/, '')
    .replace(/^\//, '')
    .replaceAll('/', '.');
  return new AffinisError('invalid-argument', `[plugin-host] ${kind} "${id}": ${error.message}`, {
    reason: 'BAD_PARAMETERS',
    ...(field ? { field } : {}),
  });
}

async function describe(
  { transport }: PluginLife,
  { kind, id }: PluginComponent,
  instanceId: string | undefined,
  limits: Limits,
) {
  if (instanceId !== undefined)
    return (await transport.unary(pluginV1.PluginService.describeInstance, { instanceId }, limits)).description;
  if (kind === 'metric') {
    const { metrics } = await transport.unary(v1.MetricService.listMetrics, {}, limits);
    const value = metrics.find(({ name }) => name === id);
    return value && { $case: 'metric' as const, value };
  }
  const { embedders } = await transport.unary(v1.EmbedderService.listEmbedders, {}, limits);
  const value = embedders.find(({ name }) => name === id);
  return value && { $case: 'embedder' as const, value };
}

function embedderOf(described: Described, component: PluginComponent): EmbedderDescription {
  const listing: EmbedderListing | undefined =
    described?.$case === 'embedder' ? embedderListingFromProto(described.value) : undefined;
  const { description } = listing ?? {};
  if (!description || description.dimension === 0 || description.space === '' || description.model.name === '')
    throw undescribed(component, 'model, dimension and space');
  return description;
}

function metricOf(described: Described, component: PluginComponent): MetricFacts {
  if (described?.$case !== 'metric') throw undescribed(component, 'unit and polarity');
  const { unit, polarity, needsVariance } = metricListingFromProto(described.value);
  return { unit, polarity, needsVariance };
}

const undescribed = ({ kind, id }: PluginComponent, needed: string) =>
  new AffinisError(
    'failed-precondition',
    `[plugin-host] the plugin describes its ${kind} "${id}" without ${needed}; give them in DescribeInstance (rule H7 of docs/plugin-contract.md)`,
    { reason: 'PLUGIN_INCOMPATIBLE' },
  );

const changed = ({ facts }: PluginLife, { kind, id }: PluginComponent) =>
  new AffinisError(
    'unavailable',
    `[plugin-host] plugin "${facts.name}" describes its ${kind} "${id}" otherwise than before it was started again; reload the configuration`,
    { reason: 'PLUGIN_CHANGED' },
  );
