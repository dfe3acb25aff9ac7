import { anglesConfig, direction } from '../testing/angles.ts';
import { unwrapAll } from '../testing/results.ts';
import { withServer } from '../testing/use-server.ts';

const variance = { kind: 'scalar' as const, values: Float32Array.of(0.01) };
const unsure = (degrees: number) => direction(degrees, { variance, varianceId: 'angles' });

/** 400 directions, 0.9 degrees apart, by every metric: what is found and how it scores. */
async function search(galleries: string) {
  return withServer({ config: anglesConfig(galleries) }, async ({ client }) => {
    await client.createGallery('ring', 'unsure');
    const items = Array.from({ length: 400 }, (_, index) => ({
      templateId: `t${index}`,
      samples: [unsure(index * 0.9)],
    }));
    unwrapAll(await client.enroll('ring', items.slice(0, 200)));
    const probes = [1.2, 100, 359.9].map((degrees) => [unsure(degrees)]);
    await client.identify('ring', probes);
    unwrapAll(await client.enroll('ring', items.slice(200)));
    const answers = [];
    for (const pipeline of ['unsure', 'unsure-cosine', 'euclidean'])
      for (const { candidates, searched } of unwrapAll(await client.identify('ring', probes, { pipeline, k: 10 })))
        answers.push([pipeline, searched, candidates.map(({ templateId, score }) => [templateId, score])]);
    return answers;
  });
}

it('a gallery beyond memoryLimit answers as one within it, to the last digit', async () => {
  const [exact, quantised] = [await search(''), await search('galleries: { memoryLimit: 4KiB }\n')];
  expect(quantised).toEqual(exact);
  expect(exact[0]?.[2]).toHaveLength(10);
}, 60_000);
