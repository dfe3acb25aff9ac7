import type { Embedding } from '../embedding.ts';
import type { Result } from '../result.ts';

/**
 * Keeps galleries and their templates. Every store passes `templateStoreConformance` of `@affinis/conformance`. Texts are
 * well-formed; names and ids are at most 256 bytes of UTF-8 and not empty.
 */
export interface TemplateStore {
  /**
   * Applies the items in order and resolves when all that succeeded is on the disk: an acknowledged write outlives a crash.
   * An item that fails (`not-found` gallery or template, `already-exists`, `aborted` revision, `invalid-argument` name or
   * embedding, `resource-exhausted` disk) leaves its neighbours. The items may be read until then: do not change them.
   */
  write(batch: readonly StoreWrite[]): Promise<readonly Result<StoreAnswer>[]>;
  /** One template; undefined where there is none. */
  get(gallery: string, id: string): Promise<StoredTemplate | undefined>;
  /** Templates in the order of their ids (bytes of UTF-8), from the first after `after`. `not-found` without the gallery. */
  scan(gallery: string, options?: { readonly after?: string }): AsyncIterable<StoredTemplate>;
  /** All galleries by name. */
  galleries(): Promise<readonly StoredGallery[]>;
  close(): Promise<void>;

  /** Rows in the order of their sequence numbers, without the templates' sources: what an index is filled from. */
  rows?(gallery: string): Iterable<StoredRow>;
  /** Copies one row's values without decoding the template; false where it is gone. See `RowIndexOptions.readRow`. */
  readRow?(gallery: string, sequence: number, mean: Float32Array, variance: Float32Array): boolean;
  /** Id of the template that has this row now. */
  idOf?(gallery: string, sequence: number): string | undefined;
  /** Sequence numbers, ascending, of templates whose metadata holds all of these pairs. */
  withMetadata?(gallery: string, equals: Readonly<Record<string, string>>): Uint32Array;
}

export type StoreWrite =
  | { readonly kind: 'create-gallery'; readonly gallery: StoredGallery }
  /** Removes its templates too. */
  | { readonly kind: 'delete-gallery'; readonly gallery: string }
  /** Gives a gallery another name, at once; a gallery that has it is removed with its templates. */
  | { readonly kind: 'rename-gallery'; readonly gallery: string; readonly to: string }
  /**
   * Writes a whole template. `revision`: only where the stored one is of this revision, 0 meaning that there is none;
   * otherwise `aborted`. Default: in any case.
   */
  | { readonly kind: 'put'; readonly gallery: string; readonly template: Template; readonly revision?: number }
  | { readonly kind: 'delete'; readonly gallery: string; readonly id: string };

/** What a write gave: the template's sequence number and revision for `put`, the number that is gone for `delete`. */
export interface StoreAnswer {
  readonly sequence?: number;
  readonly revision?: number;
  /** Sequence number of the row that the write replaced or removed. */
  readonly replaced?: number;
}

export interface StoredGallery {
  readonly name: string;
  /** The space that all its templates are in. */
  readonly space: string;
  readonly dimension: number;
  readonly unitNorm: boolean;
  readonly varianceKind: 'none' | 'scalar' | 'diagonal';
  readonly varianceId?: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** What the layers above keep with it, as JSON. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What is enrolled for one identity. Means and variances are of the gallery's space, dimension and kind. */
export interface Template {
  readonly id: string;
  /** Of all sources together. */
  readonly fused: Embedding;
  readonly sources: readonly TemplateSource[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Milliseconds since 1970, as are the other times. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** When consent to keep it was given. */
  readonly consentAt?: number;
  /** From then on the layers above never return it. A store has no clock: it keeps it until it is deleted or purged. */
  readonly expiresAt?: number;
}

/** One sample's embedding. */
export interface TemplateSource {
  readonly embedding: Embedding;
  readonly enrolledAt: number;
}

export interface StoredTemplate extends Template {
  /** Unique in the store and higher than all before it; a new one with every put. At most 2^32 - 1. */
  readonly sequence: number;
  /** 1 at first, one more with every put. */
  readonly revision: number;
}

export interface StoredRow {
  readonly sequence: number;
  /** float32[D]; views that are overwritten when the next row is read. */
  readonly mean: Float32Array;
  /** float32[D], float32[1] or empty. */
  readonly variance: Float32Array;
  readonly expiresAt?: number;
}
