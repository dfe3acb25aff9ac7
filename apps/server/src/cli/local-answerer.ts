import type { EmbedAnswer, VerifyAnswer } from '@affinis/contracts';
import {
  AffinisError,
  compare,
  createRegistry,
  loadPlugins,
  type Pipeline,
  type Result,
  type Runtime,
  type Sample,
  type SampleOrEmbedding,
  verify,
} from '@affinis/core';
import { composeRuntime, loadConfig, pluginUrls } from '../composition.ts';
import { identityOf, pipelinesLike, usablePipeline } from '../services/pipelines.ts';
import type { Answerer } from './answerer.ts';

/** Answers in this process, loading only what the question needs. */
export function createLocalAnswerer(configFile: string | undefined): Answerer {
  const loaded = loadConfig(configFile);
  let runtime: Promise<Runtime> | undefined;
  const load = (only?: readonly string[]): Promise<Runtime> =>
    (runtime ??= composeRuntime(loaded, only ? { only } : {}));

  const defaultName = async (sample: SampleOrEmbedding | undefined): Promise<string> => {
    const { modalities } = createRegistry(await loadPlugins(pluginUrls(loaded)));
    const modality =
      sample && sample.kind !== 'embedding' ? modalities.find((candidate) => candidate.accepts?.(sample)) : undefined;
    const name = modality && loaded.config.defaults[modality.id];
    if (name !== undefined) return name;
    throw new AffinisError(
      'invalid-argument',
      `the kind of this input cannot be told: it is no image or recording that is known here; name a pipeline: ${Object.keys(loaded.config.pipelines).join(', ')}`,
      { field: 'pipeline' },
    );
  };

  return {
    async embed(embedder, samples): Promise<readonly Result<EmbedAnswer>[]> {
      const [first] = samples;
      const name = embedder ?? loaded.config.pipelines[await defaultName(first)]?.embedder ?? '';
      const using = Object.entries(loaded.config.pipelines).find(([, pipeline]) => pipeline.embedder === name)?.[0];
      const ready = await load(using === undefined ? undefined : [using]);
      const host = ready.embedders.get(name);
      if (!host)
        throw new AffinisError(
          'not-found',
          `no embedder "${name}"; there are: ${Object.keys(loaded.config.embedders).join(', ')}`,
          { field: 'embedder' },
        );
      const { state } = host;
      const results = await host.embed(samples as Sample[]);
      return results.map((result) => {
        if (!result.ok || !state.available) return result as Result<never>;
        const { embedding, info, timings, queueMs } = result.value;
        return {
          ok: true,
          value: {
            embedding,
            ...(info ? { info } : {}),
            timings: { ...timings, queueMs, scoreMs: 0 },
            model: state.description.model,
          },
        };
      });
    },

    async verify(name, comparison): Promise<VerifyAnswer> {
      const wanted = name ?? (await defaultName(comparison.left[0]));
      const pipeline = usablePipeline(await load([wanted]), wanted);
      const [result] = await verify(pipeline, [comparison]);
      if (!result?.ok) throw result?.error;
      return { pipeline: identityOf(pipeline), ...result.value };
    },

    async compare(names, comparison) {
      const ready = await load(names.length > 0 ? names : undefined);
      const pipelines: readonly Pipeline[] =
        names.length > 0
          ? names.map((name) => usablePipeline(ready, name))
          : pipelinesLike(ready, usablePipeline(ready, await defaultName(comparison.left[0])));
      const [row = []] = await compare(pipelines, [comparison]);
      return pipelines.map((pipeline, index) => {
        const result = row[index];
        if (!result?.ok)
          return { pipeline: pipeline.name, result: result ?? { ok: false, error: AffinisError.from(undefined) } };
        return {
          pipeline: pipeline.name,
          result: { ok: true, value: { pipeline: identityOf(pipeline), ...result.value } },
        };
      });
    },

    async close() {
      await (await runtime)?.close();
    },
  };
}
