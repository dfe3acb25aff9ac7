import { AffinisError } from '../errors.ts';
import type { FusionKind } from '../fusion.ts';
import type { Pipeline, SinglePipeline } from '../pipeline.ts';
import { timingsOf } from '../score-sides.ts';
import { embedSide } from '../sides.ts';
import { checkEnrolment, checkMetadata, checkTemplateId } from './check-enrolment.ts';
import { classificationOf } from './classify.ts';
import { conform } from './conform.ts';
import type { Enrolled, Gallery, GalleryDescription } from './gallery.ts';
import { fitting } from './gallery-pipeline.ts';
import type { GalleryRows } from './gallery-rows.ts';
import type { Identification, IdentityCandidate } from './identification.ts';
import { identificationOf, searchEach } from './identify.ts';
import { pageOf } from './page.ts';
import type { SearchParts } from './search.ts';
import { enrolInto } from './template-draft.ts';
import type { StoredGallery, StoredTemplate, TemplateStore } from './template-store.ts';
import { viewOf } from './template-view.ts';
import type { TemplateWriter } from './template-writer.ts';

export interface OpenGalleryParts {
  readonly stored: StoredGallery;
  readonly store: Required<TemplateStore>;
  readonly rows: GalleryRows;
  readonly writer: TemplateWriter;
  readonly pipelines: () => ReadonlyMap<string, Pipeline>;
  readonly maxSources: number;
  readonly maxTemplates: number | undefined;
  readonly now: () => number;
}

export interface OpenGallery extends Gallery {
  readonly rows: GalleryRows;
}

export function openGallery(parts: OpenGalleryParts): OpenGallery {
  const { stored, store, rows, writer, now } = parts;
  const { pipeline: ownPipeline, fusion } = settingsOf(stored);
  const lives = ({ expiresAt }: Pick<StoredTemplate, 'expiresAt'>) => expiresAt === undefined || expiresAt > now();
  const searchParts = (pipeline: SinglePipeline): SearchParts => ({
    gallery: stored,
    store,
    rows,
    pipeline,
    metric: pipeline.scoring,
  });
  const living = async (id: string): Promise<StoredTemplate | undefined> => {
    const found = await store.get(stored.name, id);
    return found && lives(found) ? found : undefined;
  };
  const metadataOf = async (candidates: readonly IdentityCandidate[]) => {
    const found = await Promise.all(candidates.map(({ templateId }) => living(templateId)));
    return new Map(found.flatMap((template) => (template ? [[template.id, template.metadata]] : [])));
  };

  /** Room for one new template, held until it is counted among the rows. */
  let held = 0;
  const createPlace = () => {
    let taken = 0;
    return {
      take() {
        if (taken === 1) return;
        checkRoom(rows.living + held, parts.maxTemplates, stored.name);
        taken = 1;
        held++;
      },
      giveBack() {
        held -= taken;
      },
    };
  };

  return {
    stored,
    rows,
    pipeline: (name = ownPipeline) => fitting(stored, parts.pipelines().get(name), name),
    describe: async () => descriptionOf(stored, await rows.count()),

    async enroll(pipeline, enrolment, signal) {
      checkEnrolment(enrolment, now());
      const { embeddings, infos, timings } = await embedSide(pipeline.embedder, enrolment.samples, signal);
      const conformed = embeddings.map((embedding, index) => {
        try {
          return conform(embedding, stored);
        } catch (thrown) {
          throw AffinisError.from(thrown).at(`samples[${index}]`);
        }
      });
      await rows.count();
      const place = createPlace();
      let created = false;
      const { template } = await writer
        .change({
          gallery: stored.name,
          fusion,
          id: enrolment.templateId,
          apply(current) {
            if (!current) place.take();
            created = current === undefined;
            const { maxSources } = parts;
            const draft = enrolInto(current, { enrolment, embeddings: conformed, now: now(), maxSources });
            checkMetadata(draft.metadata, 'metadata');
            return draft;
          },
        })
        .finally(place.giveBack);
      if (!template) throw new AffinisError('internal', '[core] an enrolment left no template');
      return { template: viewOf(template), created, infos, timings: timingsOf(timings, 0) } satisfies Enrolled;
    },

    async identify(pipeline, probes, { withMetadata = false, ...options }) {
      const search = searchParts(pipeline);
      return searchEach(search, probes, options, async (probe, found): Promise<Identification> => {
        const identification = identificationOf(search, probe, found);
        if (!withMetadata) return identification;
        const metadata = await metadataOf(identification.candidates);
        const candidates = identification.candidates.map((candidate) => ({
          ...candidate,
          metadata: metadata.get(candidate.templateId) ?? {},
        }));
        return { ...identification, candidates };
      });
    },

    async classify(pipeline, probes, { labelKey, ...options }) {
      const search = searchParts(pipeline);
      return searchEach(search, probes, options, async (probe, found) => {
        if (labelKey === undefined) return classificationOf(search, probe, found, ({ templateId }) => templateId);
        const metadata = await metadataOf(found.candidates);
        return classificationOf(search, probe, found, ({ templateId }) => metadata.get(templateId)?.[labelKey]);
      });
    },

    async get(id, options) {
      checkTemplateId(id, '');
      const template = await living(id);
      if (!template) throw noTemplate(id, stored.name);
      return viewOf(template, options);
    },

    async page(options) {
      const { after } = options;
      return pageOf(store.scan(stored.name, after === undefined ? {} : { after }), options, lives);
    },

    async remove(id) {
      checkTemplateId(id, '');
      await writer.change({
        gallery: stored.name,
        fusion,
        id,
        apply(current) {
          if (!current) throw noTemplate(id, stored.name);
          return undefined;
        },
      });
    },
  };
}

export function descriptionOf(stored: StoredGallery, templates: number): GalleryDescription {
  const { settings: _, ...rest } = stored;
  return { ...rest, ...settingsOf(stored), templates };
}

/** What `galleryOf` put there. */
export function settingsOf({ settings }: StoredGallery): { readonly pipeline: string; readonly fusion: FusionKind } {
  const { pipeline, fusion } = settings as { readonly pipeline?: string; readonly fusion?: FusionKind };
  return { pipeline: pipeline ?? '', fusion: fusion ?? 'mean' };
}

function checkRoom(templates: number, most: number | undefined, name: string): void {
  if (most === undefined || templates < most) return;
  throw new AffinisError(
    'resource-exhausted',
    `[core] gallery "${name}" holds ${templates} templates and galleries.maxTemplates is ${most}; delete some, or raise it`,
    { field: 'template_id', reason: 'GALLERY_FULL' },
  );
}

const noTemplate = (id: string, gallery: string) =>
  new AffinisError('not-found', `[core] gallery "${gallery}" has no template "${id}"`, {
    reason: 'NO_TEMPLATE',
  });
