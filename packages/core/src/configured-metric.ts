import { AffinisError } from './errors.ts';
import type { Metric } from './metric.ts';
import type { Registry } from './registry.ts';
import type { MetricSpec } from './worker/protocol.ts';
import { fieldPath } from './yaml-document.ts';

/** Creates a metric from its plugin's definition; throws `invalid-argument` naming the parameter that is wrong. */
export function createMetric(registry: Registry, { type, parameters }: MetricSpec): Metric {
  const definition = registry.metric(type);
  const parsed = definition.parameters.safeParse(parameters);
  if (parsed.success) return definition.create(parsed.data);
  const [issue] = parsed.error.issues;
  const field = `parameters${issue?.path.length ? `.${fieldPath(issue.path)}` : ''}`;
  throw new AffinisError('invalid-argument', `[core] metric "${type}": ${field}: ${issue?.message ?? 'invalid'}`, { field });
}
