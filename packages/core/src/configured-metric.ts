import type { Metric } from './metric.ts';
import { checkFiles } from './metric-files.ts';
import { parseParameters } from './parameters.ts';
import type { Registry } from './registry.ts';
import type { MetricSpec } from './worker/protocol.ts';

/** Creates a metric from its plugin's definition; throws `invalid-argument` naming the parameter that is wrong. */
export function createMetric(registry: Registry, spec: MetricSpec): Metric {
  const { type, parameters, population } = spec;
  const definition = registry.metric(type);
  checkFiles(spec);
  return definition.create(
    parseParameters(definition.parameters, parameters, `metric "${type}"`, 'parameters'),
    population?.values,
  );
}
