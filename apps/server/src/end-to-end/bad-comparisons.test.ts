import { outcomesOf, unwrap } from '../testing/results.ts';
import { groupPhoto, media, png, sample, sampleBytes, tone } from '../testing/samples.ts';
import { useServer } from '../testing/use-server.ts';

const server = useServer();

const photo = sampleBytes('faces/obama-1.jpg');
const good = { left: [media(photo)], right: [media(photo)] };

describe('a comparison that fails leaves its neighbours alone', () => {
  it('and says which sample of which side is bad', async () => {
    const [first, second] = await server().client.verify([
      { left: [media(photo)], right: [media(photo), media(png(8, 8))] },
      good,
    ]);
    expect(first).toMatchObject({ ok: false, error: { reason: 'NO_FACE', field: 'items[0].right.samples[1].media' } });
    expect(second).toMatchObject({ ok: true, value: { decision: 'match' } });
  });

  it('where a side is empty', async () => {
    const results = await server().client.verify([{ left: [], right: [media(photo)] }, good], { pipeline: 'face' });
    expect(results).toMatchObject([{ ok: false, error: { code: 'invalid-argument' } }, { ok: true }]);
  });

  it('where no pipeline takes what is sent, and asks for a name', async () => {
    const unknown = media(Buffer.from('?'.repeat(99)));
    const [failed, answered] = await server().client.verify([{ left: [unknown], right: [unknown] }, good]);
    expect(failed).toMatchObject({ ok: false, error: { reason: 'PIPELINE_REQUIRED' } });
    expect(failed?.ok === false && failed.error.message).toContain('face-euclidean');
    expect(answered).toMatchObject({ ok: true });
  });

  it('where the two sides are of different kinds', async () => {
    const results = await server().client.verify([
      { left: [media(photo)], right: [sample('voices/storm-1.flac')] },
      { left: [sample('voices/storm-1.flac')], right: [sample('voices/storm-2.flac')] },
    ]);
    expect(outcomesOf(results)).toEqual(['UNSUPPORTED_FORMAT', 'ok']);
  });

  it('where an embedding is of another space', async () => {
    const [voice] = await server().client.embed([sample('voices/storm-1.flac')]);
    const { embedding } = unwrap(voice);
    const results = await server().client.verify(
      [{ left: [{ kind: 'embedding', embedding }], right: [media(photo)] }, good],
      {
        pipeline: 'face',
      },
    );
    expect(outcomesOf(results)).toEqual(['TWO_SPACES', 'ok']);
    expect(results[0]).toMatchObject({ error: { code: 'failed-precondition' } });
  });

  it('in Compare too', async () => {
    const results = await server().client.compare([{ left: [media(photo)], right: [media(png(1, 1))] }, good]);
    const [failed, answered] = results.map(unwrap);
    expect(outcomesOf((failed ?? []).map(({ result }) => result))).toEqual(Array(5).fill('NO_FACE'));
    expect(outcomesOf((answered ?? []).map(({ result }) => result))).toEqual(Array(5).fill('ok'));
  });
});

describe('what is unusual but good', () => {
  it('a group photo: the largest face counts', async () => {
    const answer = unwrap((await server().client.embed([groupPhoto()], { embedder: 'face' }))[0]);
    expect(answer.info).toMatchObject({ kind: 'image' });
    if (answer.info?.kind === 'image') expect(answer.info.facesFound).toBeGreaterThan(1);
  });

  it('a picture of 24 megapixels in 70 kB is looked at, and the server stays up', async () => {
    const bomb = png(4900, 4900);
    expect(bomb.length).toBeLessThan(400_000);
    const results = await server().client.embed([media(photo), media(bomb), media(photo)]);
    expect(outcomesOf(results)).toEqual(['ok', 'NO_FACE', 'ok']);
  });

  it('8 kHz is still the speaker', async () => {
    const pair = { left: [sample('formats/voice-8khz.wav')], right: [sample('formats/voice.wav')] };
    expect(unwrap((await server().client.verify([pair]))[0]).score).toBeGreaterThan(0.8);
  });

  it('recordings too short for a model say so', async () => {
    const results = await server().client.embed([tone(0.01), sample('voices/storm-1.flac')], { embedder: 'voice' });
    expect(outcomesOf(results)).toEqual([expect.stringMatching(/TOO_SHORT|NO_SPEECH/), 'ok']);
  });
});
