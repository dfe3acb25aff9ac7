import { AffinisError } from './errors.ts';
import type { AnyMetric, Metric } from './metric.ts';
import { checkFiles } from './metric-files.ts';
import { parseParameters } from './parameters.ts';
import type { Registry } from './registry.ts';
import type { NearestTask } from './worker/nearest.ts';
import type { MetricSpec, NearestRows } from './worker/protocol.ts';

/** A metric under the name that a configuration gives it. */
export interface ConfiguredMetric {
  readonly name: string;
  readonly spec: MetricSpec;
  readonly metric: AnyMetric;
  readonly description: string;
  readonly unit: string;
  /** Why it cannot be used now: its plugin is not there. */
  readonly problem?: AffinisError;
  /** The best rows of a block for each query, scored in the workers or by its plugin. */
  nearest(task: NearestTask, rows: NearestContext): Promise<NearestRows>;
}

/** What a plugin in another process is told of the rows. */
export interface NearestContext {
  readonly space?: string;
  readonly varianceId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Creates a metric from its plugin's definition; throws `invalid-argument` naming the parameter that is wrong. */
export function createMetric(registry: Registry, spec: MetricSpec): Metric {
  const { type, parameters, population } = spec;
  const definition = registry.metric(type);
  checkFiles(spec);
  return definition.create(
    parseParameters(definition.parameters, parameters, `metric "${type}"`, 'parameters'),
    population?.values,
    { metric: (name) => createWrapped(registry, spec, name) },
  );
}

/** The population is that of the outer one: both score embeddings of one space. */
function createWrapped(registry: Registry, { type, wrapped = {}, population }: MetricSpec, name: string): Metric {
  const inner = wrapped[name];
  if (!inner)
    throw new AffinisError('internal', `[core] metric "${type}" asks for "${name}", which "wraps" does not name`);
  return createMetric(registry, { ...inner, ...(population ? { population } : {}) });
}
