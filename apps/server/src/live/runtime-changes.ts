import { isDeepStrictEqual } from 'node:util';
import { AffinisError, type ModelIdentity, type Pipeline, type Runtime } from '@affinis/core';

/** What differs between two states beyond their configurations: models, files and calibrations that have changed. */
export function* runtimeChanges(before: Runtime, after: Runtime): Generator<string> {
  for (const [name, { key, state }] of after.embedders) {
    const old = before.embedders.get(name);
    if (!old?.state.available || !state.available || old.key === key) continue;
    const [from, to] = [old.state.description.model, state.description.model];
    if (!isDeepStrictEqual(from, to)) yield `embedders.${name}: ${modelName(from)} → ${modelName(to)}`;
    else if (isDeepStrictEqual(before.config.embedders[name], after.config.embedders[name]))
      yield `embedders.${name}: files of its model changed`;
  }
  for (const [name, { spec }] of after.metrics) {
    const old = before.metrics.get(name);
    if (old?.spec.files && !isDeepStrictEqual(old.spec.files, spec.files)) yield `metrics.${name}: its files changed`;
  }
  for (const [name, pipeline] of after.pipelines) {
    const old = before.pipelines.get(name);
    if (!old) continue;
    if (old.state.available !== pipeline.state.available)
      yield pipeline.state.available
        ? `pipelines.${name}: available again`
        : `pipelines.${name}: unavailable: ${pipeline.state.reason}`;
    const [from, to] = [calibrationOf(old), calibrationOf(pipeline)];
    if (from !== to) yield `pipelines.${name}: calibration ${from || 'none'} → ${to || 'none'}`;
  }
}

/**
 * Refuses a state in which a pipeline does not serve that is new, or that serves now; unless it is one of `excepted`
 * embedders. What did not serve before may stay so.
 */
export function assertNoWorse(before: Runtime, after: Runtime, excepted: ReadonlySet<string>): void {
  for (const [name, pipeline] of after.pipelines) {
    const { state } = pipeline;
    if (state.available || before.pipelines.get(name)?.state.available === false) continue;
    const embedders = pipeline.kind === 'single' ? [pipeline] : pipeline.parts.map((part) => part.pipeline);
    if (embedders.some(({ embedder }) => excepted.has(embedder.name))) continue;
    throw new AffinisError('failed-precondition', `[server] pipeline "${name}" would be unavailable: ${state.reason}`, {
      field: `pipelines.${name}`,
      reason: 'PIPELINE_UNAVAILABLE',
    });
  }
}

const modelName = ({ name, version, sha256 }: ModelIdentity) => `${name}@${version} (${sha256.slice(0, 12)})`;

function calibrationOf(pipeline: Pipeline): string {
  const { calibrated } = pipeline.judge(0, 0, 0);
  return calibrated?.calibration ?? '';
}
