import type { Config } from '../config/schema.ts';
import type { AffinisError } from '../errors.ts';
import type { ConfiguredMetric } from '../runtime.ts';
import type { RemoteMetricDefinition } from './remote-plugin.ts';

type Entry = Config['metrics'][string];

/** A plugin's metric under a configured name. Throws `invalid-argument` where the plugin refuses the parameters. */
export async function configureRemoteMetric(
  name: string,
  entry: Entry,
  definition: RemoteMetricDefinition,
): Promise<ConfiguredMetric> {
  const metric = await definition.create(entry.parameters);
  return { name, spec: specOf(entry), metric, description: definition.description, unit: metric.unit };
}

/** Stands in for a metric whose plugin is not there, so that only what needs it is unavailable. */
export function missingRemoteMetric(name: string, entry: Entry, problem: AffinisError): ConfiguredMetric {
  const refuse = async () => {
    throw problem;
  };
  return {
    name,
    spec: specOf(entry),
    description: `unavailable: ${problem.message}`,
    unit: '',
    problem,
    metric: {
      id: entry.type,
      polarity: 'similarity',
      needsVariance: false,
      unit: '',
      remote: { scorePair: refuse, scoreBlock: refuse },
      dispose: async () => undefined,
    },
  };
}

const specOf = ({ type, parameters }: Entry) => ({ type, parameters });
