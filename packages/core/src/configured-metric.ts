import { AffinisError } from './errors.ts';
import type { Metric } from './metric.ts';
import { checkFiles } from './metric-files.ts';
import { parseParameters } from './parameters.ts';
import type { Registry } from './registry.ts';
import type { MetricSpec, NearestRows, WorkerTask } from './worker/protocol.ts';

/** A metric under the name that a configuration gives it. */
export interface ConfiguredMetric {
  readonly name: string;
  readonly spec: MetricSpec;
  readonly metric: Metric;
  readonly description: string;
  readonly unit: string;
  /** The best rows of a block for each query, scored in the workers. */
  nearest(task: Omit<Extract<WorkerTask, { kind: 'nearest' }>, 'kind' | 'metric'>): Promise<NearestRows>;
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
