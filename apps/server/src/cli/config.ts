import { configJsonSchema } from '@affinis/core';
import type { Command } from 'commander';
import { loadConfig } from '../composition.ts';

export function addConfig(program: Command): void {
  const config = program
    .command('config')
    .description('check a configuration, or print its JSON Schema')
    .addHelpText(
      'after',
      '\nExamples:\n  affinis config check affinis.yaml\n  affinis config schema > affinis.schema.json',
    );
  config
    .command('check')
    .description('is this affinis.yaml right? Prints the pipelines it gives')
    .argument('[file]', 'default: affinis.yaml here, or the built-in configuration')
    .option('--json', 'print the whole configuration, defaults filled in')
    .addHelpText('after', '\nExamples:\n  affinis config check\n  affinis config check affinis.yaml --json')
    .action((file: string | undefined, { json }: { json?: boolean }) => {
      const { config: checked } = loadConfig(file);
      if (json) console.log(JSON.stringify(checked));
      else
        for (const [name, { embedder, metric }] of Object.entries(checked.pipelines))
          console.log(`${name}: embedder ${embedder}, metric ${metric}`);
    });
  config
    .command('schema')
    .description('JSON Schema of affinis.yaml, for editors')
    .addHelpText('after', '\nExamples:\n  affinis config schema > affinis.schema.json')
    .action(() => console.log(JSON.stringify(configJsonSchema(), null, 2)));
}
