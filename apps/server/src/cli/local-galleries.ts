import { afterOfPageToken, pageTokenOf } from '@affinis/contracts';
import {
  attempt,
  checkMetadata,
  type Galleries,
  type Runtime,
  type SinglePipeline,
  type StoredGallery,
} from '@affinis/core';
import { composeRuntime, loadConfig } from '../composition.ts';
import { mapConcurrent } from '../grpc/map-concurrent.ts';
import { kOf, pageSizeOf } from '../services/gallery-limits.ts';
import { identityOf } from '../services/pipelines.ts';
import type { GalleryTarget } from './gallery-target.ts';
import { openGalleries, openStore } from './open-galleries.ts';

/** Items embedded and written at once. */
const atOnce = 64;

/** The galleries of the configuration's folder, in this process; loads the one pipeline that the question needs. */
export function createLocalGalleries(configFile: string | undefined): GalleryTarget {
  const loaded = loadConfig(configFile);
  let opened: Promise<{ readonly galleries: Galleries; readonly runtime: Runtime }> | undefined;

  const load = async (choose: (galleries: readonly StoredGallery[]) => string | undefined) => {
    const store = await openStore(loaded);
    try {
      const pipeline = choose(await store.galleries());
      const known = pipeline !== undefined && Object.hasOwn(loaded.config.pipelines, pipeline);
      const runtime = await composeRuntime(loaded, { only: known ? [pipeline] : [] });
      return { galleries: await openGalleries(loaded, () => runtime.pipelines, store), runtime };
    } catch (thrown) {
      await store.close();
      throw thrown;
    }
  };
  const galleries = async (pipeline?: string): Promise<Galleries> => {
    opened ??= load(() => pipeline);
    return (await opened).galleries;
  };
  /** The gallery, and the pipeline named or its own. */
  const inGallery = async (name: string, pipelineName: string | undefined) => {
    opened ??= load((stored) => pipelineName ?? pipelineOf(stored, name));
    const gallery = (await opened).galleries.find(name);
    return { gallery, pipeline: gallery.pipeline(pipelineName) };
  };
  const withIdentity = <T extends object>(pipeline: SinglePipeline, answer: T) => ({
    ...answer,
    pipeline: identityOf(pipeline),
  });

  return {
    createGallery: async (name, pipeline) => (await galleries(pipeline)).create(name, pipeline),
    deleteGallery: async (name) => (await galleries()).delete(name),
    listGalleries: async () => (await galleries()).list(),

    async enroll(name, enrolments, { pipeline: pipelineName } = {}) {
      const { gallery, pipeline } = await inGallery(name, pipelineName);
      return Promise.all(enrolments.map((enrolment) => attempt(() => gallery.enroll(pipeline, enrolment))));
    },
    async *enrollStream(name, items, { pipeline: pipelineName } = {}) {
      const { gallery, pipeline } = await inGallery(name, pipelineName);
      yield* mapConcurrent(asyncOf(items), atOnce, async ({ id, ...enrolment }) => ({
        id,
        result: await attempt(() => gallery.enroll(pipeline, enrolment)),
      }));
    },

    async identify(name, probes, { pipeline: pipelineName, k = 0, filter = {}, withMetadata = false } = {}) {
      const { gallery, pipeline } = await inGallery(name, pipelineName);
      checkMetadata(filter, 'filter');
      const results = await gallery.identify(pipeline, probes, { k: kOf(k), filter, withMetadata });
      return results.map((result) => (result.ok ? { ok: true, value: withIdentity(pipeline, result.value) } : result));
    },
    async classify(name, probes, { pipeline: pipelineName, k = 0, filter = {}, labelKey } = {}) {
      const { gallery, pipeline } = await inGallery(name, pipelineName);
      checkMetadata(filter, 'filter');
      const label = labelKey === undefined ? {} : { labelKey };
      const results = await gallery.classify(pipeline, probes, { k: kOf(k), filter, ...label });
      return results.map((result) => (result.ok ? { ok: true, value: withIdentity(pipeline, result.value) } : result));
    },

    async getTemplates(name, ids, options) {
      const gallery = (await galleries()).find(name);
      return Promise.all(ids.map((id) => attempt(() => gallery.get(id, options))));
    },
    async listTemplates(name, { pageSize = 0, pageToken = '', filter = {} } = {}) {
      const gallery = (await galleries()).find(name);
      const after = afterOfPageToken(pageToken);
      const from = after === undefined ? {} : { after };
      const { templates, next } = await gallery.page({ limit: pageSizeOf(pageSize), filter, ...from });
      return { templates, ...(next === undefined ? {} : { next: pageTokenOf(next) }) };
    },
    async deleteTemplates(name, ids) {
      const gallery = (await galleries()).find(name);
      return Promise.all(ids.map((id) => attempt(() => gallery.remove(id))));
    },

    async close() {
      const open = await opened?.catch(() => undefined);
      await open?.galleries.close();
      await open?.runtime.close();
    },
  };
}

function pipelineOf(stored: readonly StoredGallery[], name: string): string | undefined {
  const pipeline = stored.find((gallery) => gallery.name === name)?.settings.pipeline;
  return typeof pipeline === 'string' ? pipeline : undefined;
}

async function* asyncOf<T>(items: Iterable<T> | AsyncIterable<T>): AsyncIterable<T> {
  yield* items;
}
