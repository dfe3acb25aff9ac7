import { runAffinis } from '../testing/run-affinis.ts';

describe('--help', () => {
  const commandsOf = (help: string): string[] =>
    [...(help.split(/^Commands:$/m)[1]?.split(/^\S/m)[0] ?? '').matchAll(/^ {2}([a-z-]+)/gm)].map(
      ([, name = '']) => name,
    );

  it('of every command and of each below it has examples', async () => {
    const helpOf = async (...names: string[]) => (await runAffinis([...names, '--help'])).stdout;
    const commands = commandsOf(await helpOf()).filter((name) => name !== 'help');
    expect(commands).toEqual(expect.arrayContaining(['serve', 'embed', 'verify', 'compare', 'models', 'config']));
    const hasExamples = async (...names: string[]) => {
      const help = await helpOf(...names);
      expect(help).toContain(`Examples:\n  affinis ${names.join(' ')}`);
      return commandsOf(help).filter((name) => name !== 'help');
    };
    await Promise.all(
      commands.map(async (command) => {
        for (const below of await hasExamples(command)) await hasExamples(command, below);
      }),
    );
  }, 60_000);
});
