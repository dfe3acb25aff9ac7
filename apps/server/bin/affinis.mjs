#!/usr/bin/env node
// Committed beside the build so that npm can link it before there is one; runs the build's output or says how to build.
import { existsSync } from 'node:fs';

// Node would end with 1, which means "no match" here.
process.on('uncaughtException', (error) => {
  console.error(error);
  process.exit(5);
});

const main = new URL('../dist/cli/main.js', import.meta.url);
if (existsSync(main)) await import(main.href);
else {
  console.error('affinis: not built yet; run "npm run build" in the repository first');
  process.exitCode = 5;
}
