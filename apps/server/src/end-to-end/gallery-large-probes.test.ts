import { unwrapAll } from '../testing/results.ts';
import { largePhoto, media, sample, tone } from '../testing/samples.ts';
import { useServer } from '../testing/use-server.ts';

const server = useServer();

it('a photo larger than a message is enrolled and identified as a small one is', async () => {
  const { client } = server();
  await client.createGallery('staff', 'face');
  const photo = media(await largePhoto('faces/obama-1.jpg', 8e6));
  unwrapAll(
    await client.enroll('staff', [
      { templateId: 'obama', samples: [photo] },
      { templateId: 'biden', samples: [sample('faces/biden-1.jpg')] },
    ]),
  );
  const other = media(await largePhoto('faces/obama-2.jpg', 8e6));
  const found = unwrapAll(await client.identify('staff', [[sample('faces/obama-2.jpg')], [other], [other, photo]]));
  expect(found.map(({ templateId }) => templateId)).toEqual(['obama', 'obama', 'obama']);
  const recording = { ...tone(300), kind: 'pcm' as const };
  const [good, bad] = await client.identify('staff', [[other], [photo, recording]], { pipeline: 'face-cosine' });
  expect(good).toMatchObject({ ok: true, value: { decision: 'match', pipeline: { pipeline: 'face-cosine' } } });
  expect(bad).toMatchObject({ ok: false, error: { code: 'invalid-argument', field: 'samples[1].pcm' } });
}, 60_000);
