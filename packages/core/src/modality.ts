import type { Session } from './backend.ts';
import type { Degradation } from './degradation.ts';
import type { ModelManifest } from './model/manifest.ts';
import type { Sample } from './sample.ts';
import type { SampleInfo } from './sample-info.ts';
import type { Tensors } from './tensor.ts';

/** Turns samples of one kind into a model's input tensors. Heavy libraries are imported in `open`, not at the top. */
export interface Modality {
  /** `image`, `voice`, `text`. */
  readonly id: string;
  /** Prepares for one model; throws `failed-precondition` where the manifest's `input` does not fit this modality. */
  open(context: ModalityContext): Promise<Preprocessor>;
  /** Whether a sample is of this kind, from its first bytes: picks the default pipeline where a client names none. */
  accepts?(sample: Sample): boolean;
  /** Expected work in model rows (1 = one face crop, one 1.6 s slice, one short sentence), from sizes alone. Default 1. */
  cost?(sample: Sample): number;
}

export interface ModalityContext {
  readonly manifest: ModelManifest;
  /** The embedder's options from the configuration (`faces: single`, `vad: none`), validated by the modality. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Reads a file of the model's folder, its sha256 checked. */
  readFile(file: string, sha256: string): Promise<Uint8Array>;
  /** Loads a helper model (detector, landmarks, voice activity) by `NAME` or `NAME@VERSION`. */
  loadModel(reference: string): Promise<LoadedModel>;
}

export interface LoadedModel {
  readonly manifest: ModelManifest;
  readonly session: Session;
}

export interface Preprocessor {
  /** Decodes and prepares one sample. Throws AffinisError (`field` relative to the sample: `media`, `pcm.samples`). */
  prepare(sample: Sample): Promise<Prepared>;
  /**
   * The sample in the form that degradations start from and training exports: an aligned crop as a tensor, mono PCM at
   * the model's rate, the text itself. `prepare` takes it as it takes the original. Absent: this modality has none.
   */
  canonical?(sample: Sample): Promise<Sample>;
  /** A degraded copy of a canonical sample; throws `invalid-argument` for a recipe that it does not know. */
  degrade?(sample: Sample, degradation: Degradation): Promise<Sample>;
  /** Joins prepared samples for one run. Default: concatenation along the first axis. */
  collate?(prepared: readonly Prepared[]): Tensors;
}

/** One sample's share of a run: `rows` rows of every input tensor. */
export interface Prepared {
  readonly inputs: Tensors;
  readonly rows: number;
  readonly info?: SampleInfo;
  /** Part of the preparation that went into decoding the medium. */
  readonly decodeMs: number;
}
