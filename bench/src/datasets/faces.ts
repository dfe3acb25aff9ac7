import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readZip } from '../support/archive.ts';
import { lfwFiles } from '../support/lfw.ts';
import { requireData } from '../support/workplace.ts';
import { halves, type Label, writeCsv, writeLabels } from './labels.ts';
import { templatePairs } from './templates.ts';

/** The 6,922 photos of LFW's folds 1 to 5, a folder a person; halves of the people, and templates of the second. */
export function writeFaces(folder: string): string {
  const photos = readZip(requireData(lfwFiles.archive), (name) => name.endsWith('.jpg'));
  const labels: Label[] = [];
  for (const [name, bytes] of [...photos].sort(([a], [b]) => (a < b ? -1 : 1))) {
    mkdirSync(join(folder, dirname(name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
    labels.push({ sample: name, subject: name.split('/').at(-2) ?? '' });
  }
  const { a, b } = halves(labels);
  const templates = templatePairs(b);
  writeCsv(join(folder, 'face-templates-b.csv'), ['left', 'right', 'same', 'left_subject', 'right_subject'], templates);
  return [
    writeLabels(folder, 'faces', 'path', labels),
    writeLabels(folder, 'faces-a', 'path', a),
    writeLabels(folder, 'faces-b', 'path', b),
    `face-templates-b.csv: ${templates.length} pairs`,
  ].join('\n');
}
