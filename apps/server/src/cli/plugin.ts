import type { Command } from 'commander';
import { newPlugin } from '../plugin-new/new-plugin.ts';
import { templateKind } from '../plugin-new/template-kinds.ts';

interface NewOptions {
  readonly language: string;
  readonly kind: string;
  readonly name?: string;
  readonly json?: boolean;
}

export function addPlugin(program: Command): void {
  program
    .command('plugin')
    .description('write plugins of your own')
    .addHelpText('after', '\nExamples:\n  affinis plugin new my-distance --language typescript --kind metric')
    .command('new')
    .description('write a plugin that is tested and served as it stands')
    .argument('<dir>', 'a new or empty folder; its name is the plugin’s')
    .requiredOption('-l, --language <language>', 'typescript')
    .requiredOption('-k, --kind <kind>', 'metric or embedder')
    .option('--name <name>', 'name of the plugin, in place of the folder’s')
    .option('--json', 'print JSON: name, language, kind, folder, files, next')
    .addHelpText(
      'after',
      '\nExamples:\n  affinis plugin new my-distance --language typescript --kind metric\n  affinis plugin new letters --language typescript --kind embedder --json',
    )
    .action((dir: string, { language, kind, name, json }: NewOptions) => {
      const written = newPlugin(dir, templateKind(language, kind), name);
      if (json) console.log(JSON.stringify(written));
      else console.log(`${written.kind} ${written.name} in ${dir}. Next:\n  ${written.next.join('\n  ')}`);
    });
}
