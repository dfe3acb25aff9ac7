import {
  AffinisError,
  attempt,
  type EnrollMode,
  type Gallery,
  type StoredTemplate,
  type TemplateStore,
} from '@affinis/core';
import { composeGalleries, composeRuntime, type LoadedConfig, openGalleryStore } from '../composition.ts';
import { mapConcurrent } from '../grpc/map-concurrent.ts';
import { readSampleFile } from './read-sample-file.ts';

export interface MigrationOptions {
  readonly gallery: string;
  /** Of the new model. */
  readonly pipeline: string;
  /** Samples and the templates that they are of. */
  readonly files: readonly { readonly owner: string; readonly path: string }[];
  /** Templates without a sample are lost rather than a reason to refuse. */
  readonly leaveOut: boolean;
  readonly onSample: () => void;
  readonly onFailure: (path: string, error: AffinisError) => void;
}

export interface MigrationFigures {
  readonly templates: number;
  readonly samples: number;
  /** Ids of templates that were lost. */
  readonly leftOut: readonly string[];
}

const atOnce = 32;

/**
 * Builds the gallery anew from samples beside the old one, with its templates' metadata and times, and swaps the two in one
 * write: whatever happens before, the old one is there as it was. Throws `failed-precondition` where templates would be lost.
 */
export async function migrateGallery(loaded: LoadedConfig, options: MigrationOptions): Promise<MigrationFigures> {
  const { gallery: name, pipeline, leaveOut } = options;
  const store = await openGalleryStore(loaded);
  try {
    const old = await livingTemplates(store, name);
    const runtime = await composeRuntime(loaded, { only: [pipeline] });
    try {
      const galleries = await composeGalleries(loaded, () => runtime.pipelines, store);
      const samples = options.files.filter(({ owner }) => old.has(owner));
      refuseLoss(withoutSamples(old, new Set(samples.map(({ owner }) => owner))), leaveOut, 'have no samples');

      const beside = `${name.slice(0, 100)}.migrating`;
      if ((await galleries.list()).some((each) => each.name === beside)) await galleries.delete(beside);
      await galleries.create(beside, pipeline);
      const enrolled = await enrollAll(galleries.find(beside), old, { ...options, files: samples });
      const leftOut = withoutSamples(old, enrolled.owners);
      try {
        refuseLoss(leftOut, leaveOut && enrolled.samples > 0, 'have no sample that could be embedded');
      } catch (thrown) {
        await galleries.delete(beside);
        throw thrown;
      }
      const [swap] = await store.write([{ kind: 'rename-gallery', gallery: beside, to: name }]);
      if (!swap?.ok) throw swap?.error ?? new AffinisError('internal', '[server] the store gave no answer');
      return { templates: enrolled.owners.size, samples: enrolled.samples, leftOut };
    } finally {
      await runtime.close();
    }
  } finally {
    await store.close();
  }
}

type Carried = Pick<StoredTemplate, 'metadata' | 'consentAt' | 'expiresAt'>;

async function livingTemplates(store: TemplateStore, name: string): Promise<Map<string, Carried>> {
  const templates = new Map<string, Carried>();
  const now = Date.now();
  for await (const { id, metadata, consentAt, expiresAt } of store.scan(name))
    if (expiresAt === undefined || expiresAt > now)
      templates.set(id, {
        metadata,
        ...(consentAt === undefined ? {} : { consentAt }),
        ...(expiresAt === undefined ? {} : { expiresAt }),
      });
  return templates;
}

async function enrollAll(
  gallery: Gallery,
  old: ReadonlyMap<string, Carried>,
  { files, onSample, onFailure }: MigrationOptions,
) {
  const pipeline = gallery.pipeline();
  const owners = new Set<string>();
  let samples = 0;
  const source = (async function* () {
    yield* files;
  })();
  const results = mapConcurrent(source, atOnce, async ({ owner, path }) => {
    const mode: EnrollMode = 'add';
    const result = await attempt(async () => {
      const media = { kind: 'media', bytes: await readSampleFile(path) } as const;
      return gallery.enroll(pipeline, { templateId: owner, samples: [media], mode, ...old.get(owner) });
    }, 'affinis');
    return { owner, path, result };
  });
  for await (const { owner, path, result } of results) {
    onSample();
    if (!result.ok) {
      onFailure(path, result.error);
      continue;
    }
    owners.add(owner);
    samples++;
  }
  return { owners, samples };
}

const withoutSamples = (old: ReadonlyMap<string, Carried>, owners: ReadonlySet<string>): string[] =>
  [...old.keys()].filter((id) => !owners.has(id));

function refuseLoss(lost: readonly string[], leaveOut: boolean, problem: string): void {
  if (lost.length === 0 || leaveOut) return;
  throw new AffinisError(
    'failed-precondition',
    `${lost.length} templates ${problem}, such as "${lost[0]}"; give each a subfolder of its name, or lose them with --leave-out`,
    { field: 'samples', reason: 'TEMPLATES_WITHOUT_SAMPLES' },
  );
}
