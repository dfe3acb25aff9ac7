import { AffinisError, type ErrorCode } from '../../errors.ts';
import { attemptSync, type Result } from '../../result.ts';
import type { StoredGallery, Template, TemplateStore } from '../template-store.ts';
import { decodeHeader, decodeTemplateLine } from './exchange-lines.ts';
import { type Line, splitLines } from './split-lines.ts';

export interface ImportOptions {
  /** Name of the gallery to import into; default: the exported one's. Made where it is not there. */
  readonly gallery?: string;
  /**
   * Nothing is written where any line is bad: all are read before the first is written, so the input is opened twice.
   * Where the store itself fails midway, a new gallery is removed again, and one that was there keeps what was written.
   */
  readonly atomic?: boolean;
  /** Bad lines that the report names. Default 100; the others are counted. */
  readonly maxProblems?: number;
  readonly onProgress?: (templates: number) => void;
}

export interface ImportReport {
  readonly gallery: string;
  /** Templates that are on the disk. */
  readonly imported: number;
  /** Lines that gave none. */
  readonly failed: number;
  /** The first of them. */
  readonly problems: readonly LineProblem[];
}

export interface LineProblem {
  /** From 1; the header is line 1. */
  readonly line: number;
  readonly code: ErrorCode;
  readonly reason: string;
}

type Input = () => AsyncIterable<Uint8Array | string>;

/**
 * Reads what `exportTemplates` wrote. A template replaces the one of its id. A bad line is reported and the others are
 * imported; with `atomic` nothing is. Rejects with `invalid-argument` or `failed-precondition` where the header is bad, or
 * the gallery is there and of another space, and with the store's error where it cannot write.
 */
export async function importTemplates(
  store: TemplateStore,
  input: Input,
  options: ImportOptions = {},
): Promise<ImportReport> {
  if (options.atomic) {
    const trial = await run(input, options, (gallery) => fitting(store, gallery), noWriting);
    if (trial.failed > 0) return { ...trial, imported: 0 };
  }
  let made: string | undefined;
  const prepare = async (gallery: StoredGallery) => {
    const existing = await fitting(store, gallery);
    if (existing) return existing;
    await store.write([{ kind: 'create-gallery', gallery }]).then(firstOrThrow);
    made = gallery.name;
    return gallery;
  };
  try {
    return await run(input, options, prepare, (gallery, templates) => put(store, gallery, templates));
  } catch (thrown) {
    if (options.atomic && made !== undefined) await store.write([{ kind: 'delete-gallery', gallery: made }]);
    throw thrown;
  }
}

type Put = (gallery: StoredGallery, templates: readonly Template[]) => Promise<readonly Result<unknown>[]>;
type Prepare = (gallery: StoredGallery) => Promise<StoredGallery | undefined>;

const templatesAtOnce = 256;
const noWriting: Put = async (_, templates) => templates.map(() => ({ ok: true, value: undefined }));

async function run(input: Input, options: ImportOptions, prepare: Prepare, write: Put): Promise<ImportReport> {
  const { maxProblems = 100, onProgress } = options;
  const problems: LineProblem[] = [];
  let failed = 0;
  let imported = 0;
  let gallery: StoredGallery | undefined;
  let group: Item[] = [];
  const note = ({ number }: Line, { code, message }: AffinisError) => {
    failed++;
    if (problems.length < maxProblems) problems.push({ line: number, code, reason: message });
  };
  const flush = async (into: StoredGallery) => {
    const results = await write(
      into,
      group.map(({ template }) => template),
    );
    for (const [at, { line }] of group.entries()) {
      const result = results[at];
      if (result?.ok) imported++;
      else if (result) note(line, lineError(result.error));
    }
    group = [];
    onProgress?.(imported);
  };

  for await (const line of splitLines(input())) {
    if (!gallery) {
      const described = { ...decodeHeader(textOf(line)) };
      const named = options.gallery === undefined ? described : { ...described, name: options.gallery };
      gallery = (await prepare(named)) ?? named;
      continue;
    }
    const into = gallery;
    const decoded = attemptSync(() => decodeTemplateLine(textOf(line), into), 'gallery-import');
    if (decoded.ok) group.push({ line, template: decoded.value });
    else note(line, decoded.error);
    if (group.length === templatesAtOnce) await flush(into);
  }
  if (!gallery) throw new AffinisError('invalid-argument', '[gallery-import] the input is empty; give it an export');
  await flush(gallery);
  return { gallery: gallery.name, imported, failed, problems };
}

interface Item {
  readonly line: Line;
  readonly template: Template;
}

function textOf({ text, problem }: Line): string {
  if (text !== undefined) return text;
  throw new AffinisError('invalid-argument', `[gallery-import] the line is ${problem}`);
}

/** A template that does not fit is the line's fault; a store that cannot write ends the import. */
function lineError(error: AffinisError): AffinisError {
  if (error.code === 'invalid-argument') return error;
  throw error;
}

/** The gallery of this name, which must be of the same space and shape; undefined where there is none. */
async function fitting(store: TemplateStore, wanted: StoredGallery): Promise<StoredGallery | undefined> {
  const found = (await store.galleries()).find(({ name }) => name === wanted.name);
  if (!found) return undefined;
  const shape = ({ space, dimension, unitNorm, varianceKind, varianceId }: StoredGallery) =>
    JSON.stringify([space, dimension, unitNorm, varianceKind, varianceId]);
  if (shape(found) === shape(wanted)) return found;
  throw new AffinisError(
    'failed-precondition',
    `[gallery-import] gallery '${found.name}' is of another space or kind of variance than the export; import into a ` +
      'gallery of another name',
    { field: 'gallery', reason: 'SPACE' },
  );
}

const put = (store: TemplateStore, { name }: StoredGallery, templates: readonly Template[]) =>
  store.write(templates.map((template) => ({ kind: 'put', gallery: name, template })));

function firstOrThrow([result]: readonly Result<unknown>[]): void {
  if (result && !result.ok) throw result.error;
}
