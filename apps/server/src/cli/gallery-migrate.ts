import type { Command } from 'commander';
import { loadConfig } from '../composition.ts';
import { migrateGallery } from '../offline/migrate-gallery.ts';
import { createFailures } from './failures.ts';
import { subcommand } from './gallery-command.ts';
import { whileUnlocked } from './open-galleries.ts';
import { createProgress } from './progress.ts';
import { filesByOwner } from './sample-folders.ts';

interface MigrateOptions {
  readonly config?: string;
  readonly pipeline: string;
  readonly leaveOut?: boolean;
  readonly json?: boolean;
}

export function addGalleryMigrate(gallery: Command): void {
  subcommand(
    gallery,
    'migrate',
    "move a gallery to another model: embed its templates' samples anew, then swap. No server may run on the folder",
    ' staff people/ --pipeline face-2',
    ' staff people/ --pipeline face-2 --leave-out --json',
  )
    .argument('<name>', 'the gallery')
    .argument('<samples>', 'a folder with one subfolder a template id, of photos or recordings')
    .requiredOption('--pipeline <name>', 'pipeline of the new model')
    .option('--leave-out', 'templates without samples are lost; without this they are a reason to refuse')
    .option('-c, --config <file>', 'configuration that names the folder (default: affinis.yaml here, or none)')
    .option('--json', 'print one JSON object')
    .action(migrate);
}

async function migrate(name: string, samples: string, options: MigrateOptions): Promise<void> {
  const json = options.json === true;
  const loaded = loadConfig(options.config);
  const files = await filesByOwner(samples);
  const failures = createFailures({ quiet: json });
  const progress = createProgress('embedded', files.length);
  const figures = await whileUnlocked(loaded, () =>
    migrateGallery(loaded, {
      gallery: name,
      pipeline: options.pipeline,
      files,
      leaveOut: options.leaveOut === true,
      onSample: progress.tick,
      onFailure: failures.add,
    }),
  );
  progress.done();
  const { templates, samples: embedded, leftOut } = figures;
  if (json) console.log(JSON.stringify({ gallery: name, ...figures, failures: failures.list }));
  else
    console.log(
      `${name}: ${templates} templates of ${embedded} samples, now of pipeline ${options.pipeline}${leftOut.length === 0 ? '' : `; left out: ${leftOut.join(', ')}`}`,
    );
}
