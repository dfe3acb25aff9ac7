import type { Policy } from '../calibration/policy.ts';
import type { Embedding } from '../embedding.ts';
import type { FusionKind } from '../fusion.ts';
import type { SinglePipeline } from '../pipeline.ts';
import type { Result } from '../result.ts';
import type { SampleOrEmbedding } from '../sample.ts';
import type { SampleInfo } from '../sample-info.ts';
import type { PhaseTimings, Threshold } from '../verification.ts';
import type { Classification, Identification } from './identification.ts';
import type { StoredGallery, TemplateSource } from './template-store.ts';

/** All galleries of one store. Times are milliseconds since 1970. */
export interface Galleries {
  /** Throws `already-exists`; `invalid-argument` for a bad name or a composite pipeline. */
  create(name: string, pipeline: string): Promise<GalleryDescription>;
  delete(name: string): Promise<void>;
  /** By name. */
  list(): Promise<readonly GalleryDescription[]>;
  /** Throws `not-found` listing the names there are. */
  find(name: string): Gallery;
  /** Ends what belongs to the galleries, and the store. */
  close(): Promise<void>;
}

/** One gallery. Expired templates are not there for any of these. */
export interface Gallery {
  readonly stored: StoredGallery;
  /**
   * The pipeline of that name, or the gallery's own; usable and of the gallery's space. Throws `failed-precondition` naming
   * `affinis gallery migrate` where its model is another.
   */
  pipeline(name?: string): SinglePipeline;
  describe(): Promise<GalleryDescription>;
  /** Resolves when the template is on the disk. Changes of one id are applied one after another. */
  enroll(pipeline: SinglePipeline, enrolment: Enrolment, signal?: AbortSignal): Promise<Enrolled>;
  /** One result a probe, in order; each probe is one side: one or more samples of one identity. */
  identify(
    pipeline: SinglePipeline,
    probes: readonly Probe[],
    options: IdentifyOptions,
  ): Promise<readonly Result<Identification>[]>;
  classify(
    pipeline: SinglePipeline,
    probes: readonly Probe[],
    options: ClassifyOptions,
  ): Promise<readonly Result<Classification>[]>;
  /** Throws `not-found`. Without embeddings unless they are asked for. */
  get(id: string, options?: { readonly withEmbeddings?: boolean }): Promise<TemplateView>;
  page(options: PageOptions): Promise<TemplatePage>;
  /** Resolves when that is on the disk; throws `not-found`. */
  remove(id: string): Promise<void>;
}

export type Probe = readonly SampleOrEmbedding[];

export interface GalleryDescription {
  readonly name: string;
  /** Used where a call names none. */
  readonly pipeline: string;
  readonly space: string;
  readonly dimension: number;
  readonly unitNorm: boolean;
  readonly varianceKind: 'none' | 'scalar' | 'diagonal';
  readonly varianceId?: string;
  /** How a template's samples become one embedding. */
  readonly fusion: FusionKind;
  readonly createdAt: number;
  /** Templates that have not expired. */
  readonly templates: number;
}

/** What enrolling does where the template exists: adds samples, takes its place, or is refused. */
export type EnrollMode = 'add' | 'replace' | 'create';

export interface Enrolment {
  readonly templateId: string;
  readonly samples: readonly SampleOrEmbedding[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly consentAt?: number;
  readonly expiresAt?: number;
  /** Default `add`. */
  readonly mode?: EnrollMode;
}

export interface Enrolled {
  /** As it is now, without embeddings. */
  readonly template: TemplateView;
  readonly created: boolean;
  readonly infos: readonly (SampleInfo | undefined)[];
  readonly timings: PhaseTimings;
}

export interface TemplateView {
  readonly id: string;
  readonly revision: number;
  /** Samples whose embeddings are kept. */
  readonly sourceCount: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly consentAt?: number;
  readonly expiresAt?: number;
  readonly fused?: Embedding;
  readonly sources?: readonly TemplateSource[];
}

export interface SearchedBy {
  /** Only templates whose metadata holds all of these pairs. */
  readonly filter?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface IdentifyOptions extends SearchedBy {
  /** Candidates to return; 1 to 100. */
  readonly k: number;
  readonly withMetadata?: boolean;
}

export interface ClassifyOptions extends SearchedBy {
  /** Templates that may vote; 1 to 100. */
  readonly k: number;
  /** Metadata key that holds the label; absent: the template's id is. */
  readonly labelKey?: string;
}

export interface PageOptions {
  readonly limit: number;
  /** Id that the page begins after. */
  readonly after?: string;
  readonly filter?: Readonly<Record<string, string>>;
}

export interface TemplatePage {
  readonly templates: readonly TemplateView[];
  /** Absent: there is no further page. */
  readonly next?: string;
}

/** What decided a search, and what it took. */
export interface SearchFacts {
  /** Templates searched. */
  readonly searched: number;
  readonly policy?: Policy;
  readonly threshold?: Threshold;
  readonly infos: readonly (SampleInfo | undefined)[];
  readonly timings: PhaseTimings;
}
