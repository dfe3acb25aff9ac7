import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { benchmarks } from './benchmarks.ts';
import { describeMachine } from './support/machine.ts';

// `npm run bench -- NAME [--json FILE]`. Without a name it lists what there is.

const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: 'string' } } });
const [name] = positionals;
const chosen = benchmarks.find((benchmark) => benchmark.name === name);

if (chosen) {
  const machine = describeMachine();
  const outcome = await chosen.run();
  const report = { name: chosen.name, date: new Date().toISOString(), machine, ...outcome };
  console.log(JSON.stringify(report, undefined, 2));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, undefined, 2)}\n`);
} else {
  if (name !== undefined) {
    console.error(`no benchmark "${name}"; there are:`);
    process.exitCode = 2;
  }
  const width = Math.max(...benchmarks.map((benchmark) => benchmark.name.length));
  for (const benchmark of benchmarks) console.log(`${benchmark.name.padEnd(width)}  ${benchmark.description}`);
}
