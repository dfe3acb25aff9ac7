import type { Metric } from './metric.ts';
import { parseParameters } from './parameters.ts';
import type { Registry } from './registry.ts';
import type { MetricSpec } from './worker/protocol.ts';

/** Creates a metric from its plugin's definition; throws `invalid-argument` naming the parameter that is wrong. */
export function createMetric(registry: Registry, { type, parameters, population }: MetricSpec): Metric {
  const definition = registry.metric(type);
  return definition.create(
    parseParameters(definition.parameters, parameters, `metric "${type}"`, 'parameters'),
    population?.values,
  );
}
