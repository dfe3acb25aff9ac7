import type { IdentifyAnswer } from '@affinis/client';
import { v1 } from '@affinis/contracts';
import { angle, anglesConfig, direction } from '../testing/angles.ts';
import { outcomeOf } from '../testing/raw-client.ts';
import { unwrap, unwrapAll } from '../testing/results.ts';
import { useServer } from '../testing/use-server.ts';

const server = useServer({ config: anglesConfig() });

beforeAll(async () => {
  const { client } = server();
  await client.createGallery('people', 'cosine');
  const enrolments = Array.from({ length: 12 }, (_, index) => ({
    templateId: `p${String(index).padStart(2, '0')}`,
    samples: [direction(index * 30)],
    metadata: { half: index < 6 ? 'upper' : 'lower', parity: index % 2 === 0 ? 'even' : 'odd' },
  }));
  unwrapAll(await client.enroll('people', enrolments));
});

const idsOf = ({ candidates }: IdentifyAnswer) => candidates.map(({ templateId }) => templateId);
const identify = async (degrees: number, options = {}) =>
  unwrap((await server().client.identify('people', [[angle(degrees)]], options))[0]);

describe('Identify', () => {
  it('gives the k most alike, best first', async () => {
    expect(idsOf(await identify(62, { k: 3 }))).toEqual(['p02', 'p03', 'p01']);
    expect(idsOf(await identify(62))).toHaveLength(5);
    expect(idsOf(await identify(62, { k: 100 }))).toHaveLength(12);
  });

  it('searches only what the filter leaves, and counts that', async () => {
    const found = await identify(62, { k: 3, filter: { half: 'lower' } });
    expect(idsOf(found)).toEqual(['p11', 'p06', 'p10']);
    expect(found).toMatchObject({ decision: 'unknown', searched: 6 });
    const both = await identify(62, { filter: { half: 'upper', parity: 'odd' }, withMetadata: true });
    expect(both).toMatchObject({ searched: 3, candidates: [{ metadata: { half: 'upper', parity: 'odd' } }, {}, {}] });
    expect(await identify(62, { filter: { half: 'none' } })).toMatchObject({ decision: 'unknown', searched: 0 });
  });

  it('finds the same by every metric of the space, each by its own scores', async () => {
    for (const pipeline of ['cosine', 'euclidean', 'dot', 'unsure-cosine'])
      expect(idsOf(await identify(62, { k: 3, pipeline }))).toEqual(['p02', 'p03', 'p01']);
    const far = await identify(62, { pipeline: 'euclidean' });
    expect(far.candidates[0]?.score).toBeCloseTo(2 * Math.sin(Math.PI / 180), 5);
  });

  it('leaves it open where the pipeline has nothing to decide by', async () => {
    const found = await identify(62, { pipeline: 'raw' });
    expect(found).toMatchObject({ decision: 'undecided', candidates: [{ decision: 'undecided' }, {}, {}, {}, {}] });
    expect(found).not.toHaveProperty('policy');
  });

  it('says when a sample is too uncertain, and when all that is near was enrolled too uncertainly', async () => {
    const { client } = server();
    await client.createGallery('unsure', 'unsure');
    const enrolments = [
      { templateId: 'sure', samples: [angle('0 0.01')] },
      { templateId: 'blurred', samples: [angle('90 0.9')] },
    ];
    unwrapAll(await client.enroll('unsure', enrolments));
    const [good, poor] = unwrapAll(await client.identify('unsure', [[angle('1 0.01')], [angle('1 0.9')]]));
    expect(good).toMatchObject({ decision: 'match', templateId: 'sure' });
    expect(poor).toMatchObject({ decision: 'insufficient', reason: expect.stringContaining('capture again') });
    unwrapAll(await client.deleteTemplates('unsure', ['sure']));
    const [none] = unwrapAll(await client.identify('unsure', [[angle('90 0.01')]]));
    expect(none).toMatchObject({ decision: 'insufficient', reason: expect.stringContaining('enrol') });
  });
});

describe('Classify', () => {
  const classify = async (degrees: number, options = {}) =>
    unwrap((await server().client.classify('people', [[angle(degrees)]], options))[0]);

  it('lets those vote that the policy takes for a match', async () => {
    // Within 25.8 degrees the cosine is 0.9 or more: one neighbour on either side at most.
    expect(await classify(75, { labelKey: 'half' })).toMatchObject({
      decision: 'match',
      label: 'upper',
      votes: [{ label: 'upper', votes: 2 }],
      searched: 12,
    });
    const tie = await classify(74, { labelKey: 'parity' });
    expect(tie).toMatchObject({
      label: 'even',
      votes: [
        { label: 'even', votes: 1 },
        { label: 'odd', votes: 1 },
      ],
    });
    expect(tie.votes[0]?.best.templateId).toBe('p02');
  });

  it('without a key each template is its own label; without any near it is unknown', async () => {
    expect(await classify(62)).toMatchObject({ label: 'p02', decision: 'match' });
    const unknown = unwrap(
      (await server().client.classify('people', [[angle(75)]], { filter: { half: 'lower' }, labelKey: 'half' }))[0],
    );
    expect(unknown).toMatchObject({ decision: 'unknown', votes: [] });
    expect(unknown).not.toHaveProperty('label');
  });

  it('lets all k vote where nothing decides, and says so', async () => {
    const all = await classify(75, { pipeline: 'raw', k: 3, labelKey: 'half' });
    expect(all).toMatchObject({ decision: 'undecided', label: 'upper', votes: [{ votes: 3 }] });
  });

  it('templates without the key have no vote', async () => {
    expect(await classify(75, { labelKey: 'colour' })).toMatchObject({ decision: 'unknown', votes: [] });
  });
});

describe('ListTemplates', () => {
  it('gives page after page in the order of ids', async () => {
    const { client } = server();
    const ids: string[][] = [];
    let pageToken: string | undefined;
    do {
      const { templates, next } = await client.listTemplates('people', { pageSize: 5, pageToken });
      ids.push(templates.map(({ id }) => id));
      pageToken = next;
    } while (pageToken !== undefined);
    expect(ids.map((page) => page.length)).toEqual([5, 5, 2]);
    expect(ids.flat()).toEqual(Array.from({ length: 12 }, (_, index) => `p${String(index).padStart(2, '0')}`));
  });

  it('leaves out what does not pass the filter', async () => {
    const { templates } = await server().client.listTemplates('people', { filter: { parity: 'odd', half: 'lower' } });
    expect(templates.map(({ id }) => id)).toEqual(['p07', 'p09', 'p11']);
  });
});

describe('EnrollStream', () => {
  it('acknowledges what is on the disk, a bad item alone, and takes large media in chunks', async () => {
    const { raw, client } = server();
    await client.createGallery('stream', 'cosine');
    const stream = raw.duplex(v1.GalleryService.enrollStream);
    const outcome = outcomeOf(stream);
    const item = (id: string, content: v1.Sample['content']): v1.EnrollStreamRequest => ({
      message: { $case: 'item', value: v1.EnrollItem.create({ id, templateId: `t${id}`, samples: [{ content }] }) },
    });
    stream.write({ message: { $case: 'start', value: { gallery: 'stream', pipeline: '' } } });
    stream.write(item('1', { $case: 'text', value: '10' }));
    stream.write(item('2', { $case: 'text', value: 'x' }));
    stream.write(item('3', { $case: 'media', value: v1.Media.create({ chunkedBytes: 8n }) }));
    const chunk = (offset: bigint) => ({ itemId: '3', medium: 0, offset, data: new Uint8Array(4) });
    stream.write({ message: { $case: 'chunk', value: chunk(0n) } });
    stream.write({ message: { $case: 'chunk', value: chunk(4n) } });
    stream.end();
    const { answers, error } = await outcome;
    expect(error).toBeUndefined();
    const results = answers.map(({ result }) => result).sort((a, b) => ((a?.id ?? '') < (b?.id ?? '') ? -1 : 1));
    expect(results).toMatchObject([
      { id: '1', status: undefined, created: true, template: { id: 't1', revision: 1 } },
      // The toy model takes texts only, so that whole media fail in it like other bad samples.
      { id: '2', status: { code: 3 }, template: undefined },
      { id: '3', status: { code: 3 }, template: undefined },
    ]);
  });

  it('without a gallery of that name fails as a whole', async () => {
    const { raw } = server();
    const stream = raw.duplex(v1.GalleryService.enrollStream);
    const outcome = outcomeOf(stream);
    stream.write({ message: { $case: 'start', value: { gallery: 'none', pipeline: '' } } });
    stream.end();
    expect((await outcome).error).toMatchObject({ code: 'not-found', field: 'gallery' });
  });
});
