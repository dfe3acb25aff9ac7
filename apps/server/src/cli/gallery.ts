import { AffinisError, type GalleryDescription, type TemplateView } from '@affinis/core';
import type { Command } from 'commander';
import { createFailures } from './failures.ts';
import { iso, subcommand } from './gallery-command.ts';
import { addGalleryFiles } from './gallery-files.ts';
import { addGalleryMigrate } from './gallery-migrate.ts';
import { type GalleryTarget, withGalleries } from './gallery-target.ts';
import { addFilterOption } from './metadata-option.ts';
import { addTargetOptions, type TargetOptions } from './target-options.ts';

interface Options extends TargetOptions {
  readonly json?: boolean;
}

export function addGallery(program: Command): void {
  const gallery = program
    .command('gallery')
    .description('galleries of enrolled templates: create, list, show, delete, and look after their folder')
    .addHelpText(
      'after',
      '\nExamples:\n  affinis gallery create staff --pipeline face\n  affinis gallery list\n  affinis gallery show staff --filter team=red',
    );
  const sub = (name: string, description: string, ...examples: string[]) =>
    addTargetOptions(subcommand(gallery, name, description, ...examples)).option('--json', 'print JSON');
  sub('create', 'a new, empty gallery', ' staff --pipeline face', ' voices --pipeline voice --json')
    .argument('<name>', 'letters, digits, dots, dashes and underscores')
    .requiredOption('--pipeline <name>', "its model's space becomes the gallery's; also the one used by default")
    .action(create);
  sub('list', 'all galleries with what they hold', '', ' --json --server 127.0.0.1:50051').action(list);
  addFilterOption(
    sub('show', 'the templates of a gallery, or one of them', ' staff', ' staff ann --json', ' staff --filter team=red')
      .argument('<name>', 'the gallery')
      .argument('[id]', 'one template'),
  ).action(show);
  sub('delete', 'a gallery with all its templates, or those named', ' staff', ' staff ann bob')
    .argument('<name>', 'the gallery')
    .argument('[id...]', 'templates to delete; none: the whole gallery')
    .action(remove);
  addGalleryFiles(gallery);
  addGalleryMigrate(gallery);
}

async function create(name: string, options: Options & { readonly pipeline: string }): Promise<void> {
  const made = await withGalleries(options, (target) => target.createGallery(name, options.pipeline));
  console.log(options.json ? JSON.stringify(galleryJson(made)) : `created ${galleryLine(made)}`);
}

async function list(options: Options): Promise<void> {
  const galleries = await withGalleries(options, (target) => target.listGalleries());
  if (options.json) console.log(JSON.stringify(galleries.map(galleryJson)));
  else for (const each of galleries) console.log(galleryLine(each));
}

async function show(
  name: string,
  id: string | undefined,
  options: Options & { readonly filter: Readonly<Record<string, string>> },
): Promise<void> {
  const print = (template: TemplateView) =>
    console.log(options.json ? JSON.stringify(templateJson(template)) : templateLine(template));
  await withGalleries(options, async (target) => {
    if (id === undefined) {
      for await (const template of allTemplates(target, name, options.filter)) print(template);
      return;
    }
    const [result] = await target.getTemplates(name, [id]);
    if (!result?.ok) throw result?.error ?? new AffinisError('internal', 'no answer for a template');
    print(result.value);
  });
}

async function* allTemplates(
  target: GalleryTarget,
  name: string,
  filter: Readonly<Record<string, string>>,
): AsyncGenerator<TemplateView> {
  let pageToken: string | undefined;
  do {
    const { templates, next } = await target.listTemplates(name, { filter, pageSize: 1000, pageToken });
    yield* templates;
    pageToken = next;
  } while (pageToken !== undefined);
}

async function remove(name: string, ids: readonly string[], options: Options): Promise<void> {
  const json = options.json === true;
  const failures = createFailures({ quiet: json });
  await withGalleries(options, async (target) => {
    if (ids.length === 0) return target.deleteGallery(name);
    for (const [index, result] of (await target.deleteTemplates(name, ids)).entries())
      if (!result.ok) failures.add(ids[index] ?? '', result.error);
    return undefined;
  });
  const deleted = ids.length - failures.count;
  if (json)
    console.log(
      JSON.stringify(
        ids.length === 0 ? { gallery: name, deleted: true } : { gallery: name, deleted, failures: failures.list },
      ),
    );
  else
    console.log(
      ids.length === 0
        ? `deleted gallery ${name}; affinis gallery compact takes its bytes off the disk`
        : `deleted ${deleted} templates of ${name}`,
    );
  process.exitCode = failures.exitCode(deleted, false);
}

const galleryJson = ({ createdAt, varianceId, ...gallery }: GalleryDescription) => ({
  ...gallery,
  varianceId: varianceId ?? null,
  createdAt: iso(createdAt),
});

const galleryLine = ({ name, templates, pipeline, space, dimension, varianceKind }: GalleryDescription) =>
  `${name}: ${templates} templates, pipeline ${pipeline}, ${dimension} dimensions of ${space}, variance ${varianceKind}`;

const templateJson = ({ createdAt, updatedAt, consentAt, expiresAt, ...template }: TemplateView) => ({
  ...template,
  createdAt: iso(createdAt),
  updatedAt: iso(updatedAt),
  consentAt: consentAt === undefined ? null : iso(consentAt),
  expiresAt: expiresAt === undefined ? null : iso(expiresAt),
});

function templateLine({ id, sourceCount, metadata, expiresAt }: TemplateView): string {
  const facts = Object.entries(metadata).map(([key, value]) => ` ${key}=${value}`);
  const expires = expiresAt === undefined ? '' : ` expires ${iso(expiresAt)}`;
  return `${id}: ${sourceCount} samples${facts.join('')}${expires}`;
}
