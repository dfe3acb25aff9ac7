import { createRandom } from '@affinis/evaluation';
import type { Label } from './labels.ts';

/** Photos in a template: at most so many, and one at least is left to probe with. */
const [fewest, most] = [3, 5];
const probesPerSubject = 10;
const impostorPairs = 60_000;

/**
 * Pairs of a template of three to five samples and a single other one: `left,right,same,left_subject,right_subject`, the
 * samples of a template joined by `|`. All genuine pairs of subjects with four samples or more, at most ten a subject,
 * and seeded impostor pairs of a template and any other subject's first sample.
 */
export function templatePairs(labels: readonly Label[], seed = 1): string[][] {
  const bySubject = new Map<string, string[]>();
  for (const { sample, subject } of labels) bySubject.set(subject, [...(bySubject.get(subject) ?? []), sample]);
  const templates = [...bySubject]
    .filter(([, samples]) => samples.length > fewest)
    .map(([subject, samples]) => {
      const size = Math.min(most, samples.length - 1);
      return {
        subject,
        template: samples.slice(0, size).join('|'),
        probes: samples.slice(size, size + probesPerSubject),
      };
    });
  const genuine = templates.flatMap(({ subject, template, probes }) =>
    probes.map((probe) => [template, probe, '1', subject, subject]),
  );
  const random = createRandom(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const others = [...bySubject];
  const impostors = new Map<string, string[]>();
  while (impostors.size < Math.min(impostorPairs, templates.length * (others.length - 1))) {
    const { subject, template } = pick(templates);
    const [stranger, [probe = '']] = pick(others);
    if (stranger !== subject) impostors.set(`${subject}|${stranger}`, [template, probe, '0', subject, stranger]);
  }
  return [...genuine, ...impostors.values()];
}
