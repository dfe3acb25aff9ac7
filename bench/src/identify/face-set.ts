import { readZip } from '../support/archive.ts';
import { lfwFiles } from '../support/lfw.ts';
import { requireData } from '../support/workplace.ts';
import { bySubject, type IdentificationSet, type OwnedSample } from './identification-set.ts';

const mostMates = 5;
const mostStrangers = 1000;

/** LFW's folds 1 to 5: who has two images or more is enrolled by the first; strangers are of those who have one. */
export const faceSet: IdentificationSet = {
  embedder: 'face',
  files: [lfwFiles.archive],
  plugin: '@affinis/modality-image',
  async read() {
    const photos = readZip(requireData(lfwFiles.archive), (name) => name.endsWith('.jpg'));
    const samples: OwnedSample[] = [...photos]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, bytes]) => ({ subject: name.split('/').at(-2) ?? '', sample: { kind: 'media', bytes } }));
    const people = bySubject(samples);
    const several = people.filter(([, images]) => images.length > 1);
    const single = people.filter(([, images]) => images.length === 1);
    const strangers = spread(single, mostStrangers).flatMap(([, images]) => images);
    const strange = new Set(strangers);
    return {
      enrolled: several.flatMap(([, images]) => images.slice(0, 1)),
      mates: several.flatMap(([, images]) => images.slice(1, 1 + mostMates)),
      strangers,
      others: people.flatMap(([, images]) =>
        images.filter((image, at) => !strange.has(image) && (at === 0 || at > mostMates)),
      ),
    };
  },
};

/** `count` of the values at even distances, or all where there are no more. */
function spread<T>(values: readonly T[], count: number): T[] {
  const step = Math.max(1, values.length / count);
  return Array.from({ length: Math.min(count, values.length) }, (_, at) => values[Math.floor(at * step)] as T);
}
