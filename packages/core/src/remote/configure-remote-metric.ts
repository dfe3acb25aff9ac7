import type { Config } from '../config/schema.ts';
import type { ConfiguredMetric } from '../configured-metric.ts';
import type { AffinisError } from '../errors.ts';
import { bestRows } from '../worker/nearest.ts';
import type { RemoteMetricDefinition } from './remote-plugin.ts';

type Entry = Config['metrics'][string];

/** A plugin's metric under a configured name. Throws `invalid-argument` where the plugin refuses the parameters. */
export async function configureRemoteMetric(
  name: string,
  entry: Entry,
  definition: RemoteMetricDefinition,
): Promise<{ readonly configured: ConfiguredMetric; dispose(): Promise<void> }> {
  const metric = await definition.create(entry.parameters);
  const { description } = definition;
  const nearest: ConfiguredMetric['nearest'] = async (task, { space = '', varianceId, signal }) => {
    const queries = { block: task.queries, space, varianceId };
    const references = { block: task.references, space, varianceId };
    return bestRows(metric, await metric.remote.scoreBlock(queries, references, signal), task);
  };
  return {
    configured: { name, spec: specOf(entry), metric, description, unit: metric.unit, nearest },
    dispose: () => metric.dispose(),
  };
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
    nearest: refuse,
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
