import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { AffinisError } from './errors.ts';
import type { MetricDefinition } from './metric.ts';
import type { MetricSpec } from './worker/protocol.ts';

/**
 * A metric's specification with its file parameters as absolute paths beside the files' sha256, so that every worker
 * reads the same. Relative paths start from `folder`. Throws `invalid-argument` naming a file that cannot be read.
 */
export function specifyMetric(
  { id, files = [] }: MetricDefinition,
  parameters: Readonly<Record<string, unknown>>,
  folder: string,
): MetricSpec {
  const given = files.flatMap((name) => {
    const path = parameters[name];
    return typeof path === 'string' ? [[name, resolve(folder, path)] as const] : [];
  });
  if (given.length === 0) return { type: id, parameters };
  return {
    type: id,
    parameters: { ...parameters, ...Object.fromEntries(given) },
    files: Object.fromEntries(given.map(([name, path]) => [name, digestOf(id, name, path)])),
  };
}

/** What a calibration knows a metric's parameters by: a file by its content, wherever it lies. */
export function parametersIdentity({ parameters, files = {}, wrapped }: MetricSpec): Readonly<Record<string, unknown>> {
  const digests = Object.entries(files).map(([name, digest]) => [name, `sha256:${digest}`]);
  const inner = Object.entries(wrapped ?? {}).map(([name, spec]) => [
    name,
    { type: spec.type, parameters: parametersIdentity(spec) },
  ]);
  return {
    ...parameters,
    ...Object.fromEntries(digests),
    ...(wrapped ? { wrapped: Object.fromEntries(inner) } : {}),
  };
}

/** Throws `failed-precondition` where a file is not what it was when the specification was made. */
export function checkFiles({ type, parameters, files = {} }: MetricSpec): void {
  for (const [name, digest] of Object.entries(files)) {
    if (digestOf(type, name, String(parameters[name])) === digest) continue;
    throw new AffinisError(
      'failed-precondition',
      `[core] metric "${type}": the file of parameters.${name} has changed since the configuration was read; reload it`,
      { field: `parameters.${name}`, reason: 'BAD_PARAMETERS' },
    );
  }
}

function digestOf(metric: string, name: string, path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch (cause) {
    throw new AffinisError(
      'invalid-argument',
      `[core] metric "${metric}": parameters.${name}: ${path} cannot be read; check the path, which starts from the folder of the configuration`,
      { field: `parameters.${name}`, reason: 'BAD_PARAMETERS', cause },
    );
  }
}
