import { AffinisError } from '../errors.ts';
import type { FusionKind } from '../fusion.ts';
import { attempt, type Result } from '../result.ts';
import { finish, type TemplateDraft } from './template-draft.ts';
import type { StoreAnswer, StoredTemplate, StoreWrite, Template, TemplateStore } from './template-store.ts';

/**
 * The only writer of a store. What waits while a write is being synced goes to the disk together (group commit), and
 * changes of one template are applied in the order in which they came, with one read and one put for all of them.
 */
export interface TemplateWriter {
  /** Resolves when the change is on the disk, with the template that is there now; undefined where it is gone. */
  change(change: TemplateChange): Promise<Written>;
  /** Writes as they are, between the changes before and those after. Throws where the first fails. */
  write(writes: readonly StoreWrite[]): Promise<void>;
  /** Resolves when nothing waits any more. */
  idle(): Promise<void>;
}

export interface TemplateChange {
  readonly gallery: string;
  readonly fusion: FusionKind;
  readonly id: string;
  /** From what lives under the id to what shall; undefined removes it. May throw: then this change fails alone. */
  apply(current: TemplateDraft | undefined): TemplateDraft | undefined;
}

export interface Written {
  readonly template?: StoredTemplate;
}

export interface WrittenRow extends StoreAnswer {
  readonly gallery: string;
  /** Absent: removed. */
  readonly template?: Template;
}

export interface TemplateWriterOptions {
  readonly store: TemplateStore;
  /** Whether a stored template still lives. */
  readonly lives: (template: StoredTemplate) => boolean;
  /** Told of what is on the disk now, before those who wait for it are. */
  readonly onWritten: (rows: readonly WrittenRow[]) => void;
  /** Changes that may wait; default 16384. */
  readonly maxWaiting?: number;
}

interface WaitingChange extends TemplateChange {
  resolve(written: Written): void;
  reject(error: AffinisError): void;
}

interface WaitingWrite {
  readonly writes: readonly StoreWrite[];
  resolve(): void;
  reject(error: AffinisError): void;
}

/** Changes in one write: enough to share a sync, few enough to be ready soon. */
const changesPerWrite = 512;

export function createTemplateWriter(options: TemplateWriterOptions): TemplateWriter {
  const { store, maxWaiting = 16_384 } = options;
  const waiting: (WaitingChange | WaitingWrite)[] = [];
  let running: Promise<void> | undefined;

  const work = async () => {
    // A turn of the event loop, so that what arrived together is written together.
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const [first] = waiting;
      if (first && 'writes' in first) {
        waiting.shift();
        await writeAsIs(store, first);
      } else await commit(options, takeChanges(waiting));
    }
    running = undefined;
  };
  const enqueue = (entry: WaitingChange | WaitingWrite) => {
    waiting.push(entry);
    running ??= work();
  };
  return {
    change: (change) =>
      new Promise((resolve, reject) => {
        if (waiting.length >= maxWaiting) return reject(tooMany());
        enqueue({ ...change, resolve, reject });
      }),
    write: (writes) => new Promise((resolve, reject) => enqueue({ writes, resolve, reject })),
    idle: async () => {
      await running;
    },
  };
}

function takeChanges(waiting: (WaitingChange | WaitingWrite)[]): WaitingChange[] {
  const end = waiting.findIndex((entry, index) => index === changesPerWrite || 'writes' in entry);
  return waiting.splice(0, end === -1 ? waiting.length : end) as WaitingChange[];
}

async function writeAsIs(store: TemplateStore, { writes, resolve, reject }: WaitingWrite): Promise<void> {
  try {
    for (const result of await store.write(writes)) if (!result.ok) throw result.error;
    resolve();
  } catch (thrown) {
    reject(AffinisError.from(thrown));
  }
}

/** The changes of one template in one write, and what they come to. */
interface Group {
  readonly changes: readonly WaitingChange[];
  write?: StoreWrite;
  /** Those that the write holds. */
  applied: WaitingChange[];
}

async function commit(options: TemplateWriterOptions, changes: readonly WaitingChange[]): Promise<void> {
  const { store, onWritten } = options;
  const groups = await Promise.all(groupsOf(changes).map((group) => prepare(options, group)));
  const due = groups.filter(({ write }) => write);
  if (due.length === 0) return;
  const results = await attempt(() => store.write(due.flatMap(({ write }) => write ?? [])));
  const outcomes = due.map((group, index): Result<WrittenRow> => outcomeOf(group, results, index));
  onWritten(outcomes.flatMap((outcome) => (outcome.ok ? outcome.value : [])));
  for (const [index, { applied }] of due.entries()) {
    const outcome = outcomes[index];
    for (const { resolve, reject } of applied)
      if (outcome?.ok) resolve(writtenOf(outcome.value));
      else reject(outcome?.error ?? AffinisError.from(undefined));
  }
}

function groupsOf(changes: readonly WaitingChange[]): Group[] {
  const groups = new Map<string, WaitingChange[]>();
  for (const change of changes) {
    const key = `${change.gallery}\0${change.id}`;
    const group = groups.get(key);
    if (group) group.push(change);
    else groups.set(key, [change]);
  }
  return [...groups.values()].map((group) => ({ changes: group, applied: [] }));
}

async function prepare({ store, lives }: TemplateWriterOptions, group: Group): Promise<Group> {
  const [first] = group.changes;
  if (!first) return group;
  const { gallery, id, fusion } = first;
  const stored = await attempt(() => store.get(gallery, id));
  if (!stored.ok) {
    for (const { reject } of group.changes) reject(stored.error);
    return group;
  }
  const current = stored.value && lives(stored.value) ? stored.value : undefined;
  const together = applyAll(current, group.changes);
  const template = await attempt(() => together.draft && finish(together.draft, fusion));
  // One of them may not be fused with the others: find out which, and let it fail alone.
  const outcome = template.ok
    ? { ...together, template: template.value }
    : applyOneByOne(current, group.changes, fusion);
  for (const { change, error } of outcome.failed) change.reject(error);
  group.applied = outcome.applied;
  if (outcome.applied.length === 0) return group;
  if (outcome.template) group.write = { kind: 'put', gallery, template: outcome.template };
  else if (stored.value) group.write = { kind: 'delete', gallery, id };
  else for (const { resolve } of outcome.applied) resolve({});
  return group;
}

interface Applied {
  draft: TemplateDraft | undefined;
  readonly applied: WaitingChange[];
  readonly failed: { readonly change: WaitingChange; readonly error: AffinisError }[];
}

function applyAll(current: TemplateDraft | undefined, changes: readonly WaitingChange[]): Applied {
  const outcome: Applied = { draft: current, applied: [], failed: [] };
  for (const change of changes) {
    try {
      outcome.draft = change.apply(outcome.draft);
      outcome.applied.push(change);
    } catch (thrown) {
      outcome.failed.push({ change, error: AffinisError.from(thrown) });
    }
  }
  return outcome;
}

function applyOneByOne(
  current: StoredTemplate | undefined,
  changes: readonly WaitingChange[],
  fusion: FusionKind,
): Applied & { readonly template: Template | undefined } {
  let template: Template | undefined = current;
  const applied: WaitingChange[] = [];
  const failed: Applied['failed'] = [];
  for (const change of changes) {
    try {
      const draft = change.apply(template);
      template = draft && finish(draft, fusion);
      applied.push(change);
    } catch (thrown) {
      failed.push({ change, error: AffinisError.from(thrown) });
    }
  }
  return { draft: template, template, applied, failed };
}

function outcomeOf(
  { write }: Group,
  results: Result<readonly Result<StoreAnswer>[]>,
  index: number,
): Result<WrittenRow> {
  if (!results.ok) return results;
  const result = results.value[index];
  if (!result?.ok || !write || !('gallery' in write) || typeof write.gallery !== 'string')
    return result?.ok === false ? result : { ok: false, error: AffinisError.from(undefined) };
  return {
    ok: true,
    value: {
      gallery: write.gallery,
      ...(write.kind === 'put' ? { template: write.template } : {}),
      ...result.value,
    },
  };
}

const writtenOf = ({ template, sequence = 0, revision = 0 }: WrittenRow): Written =>
  template ? { template: { ...template, sequence, revision } } : {};

const tooMany = () =>
  new AffinisError('resource-exhausted', '[core] too many changes wait to be written; retry later', {
    reason: 'QUEUE_FULL',
    retryAfterMs: 500,
  });
