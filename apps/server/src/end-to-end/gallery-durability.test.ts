import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anglesConfig, direction } from '../testing/angles.ts';
import { outcomesOf, unwrap, unwrapAll } from '../testing/results.ts';
import { failedStart, startTestServer, withServer } from '../testing/use-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'affinis-gallery-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = anglesConfig();
const items = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: String(index),
    templateId: `t${index}`,
    samples: [direction(index / 100)],
  }));

it('what EnrollStream acknowledged outlives kill -9, and the folder opens again', async () => {
  const server = await startTestServer({ config, folder });
  const acknowledged: string[] = [];
  try {
    await server.client.createGallery('staff', 'cosine');
    for await (const { result } of server.client.enrollStream('staff', items(5000))) {
      acknowledged.push(unwrap(result).template.id);
      if (acknowledged.length === 700) await server.stop('SIGKILL');
    }
  } catch {
    // The stream ends with its server.
  } finally {
    await server.stop('SIGKILL');
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(700);
  expect(acknowledged.length).toBeLessThan(5000);
  await withServer({ folder }, async ({ client }) => {
    expect(new Set(outcomesOf(await client.getTemplates('staff', acknowledged)))).toEqual(new Set(['ok']));
    const [gallery] = await client.listGalleries();
    expect(gallery?.templates).toBeGreaterThanOrEqual(acknowledged.length);
  });
});

it('enrolments of one identity side by side lose nothing, and keep what maxSources allows', async () => {
  await withServer({ config: anglesConfig('galleries: { maxSources: 50 }\n') }, async ({ client }) => {
    await client.createGallery('staff', 'cosine');
    const enrol = (from: number, count: number) =>
      client.enroll(
        'staff',
        Array.from({ length: count }, (_, index) => ({ templateId: 'ann', samples: [direction(from + index)] })),
      );
    const results = await Promise.all([enrol(0, 10), enrol(10, 10), enrol(20, 10), enrol(30, 10)]);
    for (const each of results) unwrapAll(each);
    expect(unwrapAll(await client.getTemplates('staff', ['ann']))).toMatchObject([{ sourceCount: 40 }]);
    unwrapAll(await enrol(40, 40));
    const [ann] = unwrapAll(await client.getTemplates('staff', ['ann'], { withEmbeddings: true }));
    expect(ann?.sources).toHaveLength(50);
    // Without variances the newest are kept.
    expect(ann?.sources?.at(-1)?.embedding.mean[0]).toBeCloseTo(Math.cos((79 * Math.PI) / 180), 5);
    expect(ann?.sources?.[0]?.embedding.mean[0]).toBeCloseTo(Math.cos((30 * Math.PI) / 180), 5);
    expect(await client.listGalleries()).toMatchObject([{ templates: 1 }]);
  });
});

it('a second server on the folder is refused, and told what to do', async () => {
  await withServer({ folder }, async () => {
    const output = await failedStart({ folder });
    expect(output).toMatch(/in use by a server or another command.*--server HOST:PORT/);
  });
});

it('an expired template is never returned again, by nothing and after no restart', async () => {
  const home = join(folder, 'expiry');
  mkdirSync(home);
  const probe = [[direction(0)]];
  await withServer({ config, folder: home }, async ({ client }) => {
    await client.createGallery('staff', 'cosine');
    unwrapAll(
      await client.enroll('staff', [
        { templateId: 'guest', samples: [direction(0)], metadata: { kind: 'x' }, expiresAt: Date.now() + 1000 },
        { templateId: 'ann', samples: [direction(90)], metadata: { kind: 'x' } },
      ]),
    );
    expect(unwrapAll(await client.identify('staff', probe))).toMatchObject([{ templateId: 'guest', searched: 2 }]);
    while ((await client.getTemplates('staff', ['guest']))[0]?.ok);
    const filter = { kind: 'x' };
    for (const options of [{}, { filter }])
      expect(unwrapAll(await client.identify('staff', probe, options))).toMatchObject([
        { decision: 'unknown', searched: 1, candidates: [{ templateId: 'ann' }] },
      ]);
    expect(unwrapAll(await client.classify('staff', probe))).toMatchObject([{ decision: 'unknown', votes: [] }]);
    expect((await client.listTemplates('staff', { filter })).templates.map(({ id }) => id)).toEqual(['ann']);
    expect(outcomesOf(await client.deleteTemplates('staff', ['guest']))).toEqual(['NO_TEMPLATE']);
    expect(await client.listGalleries()).toMatchObject([{ templates: 1 }]);
  });
  await withServer({ folder: home }, async ({ client }) => {
    expect(await client.listGalleries()).toMatchObject([{ templates: 1 }]);
    expect(unwrapAll(await client.identify('staff', probe))).toMatchObject([{ decision: 'unknown', searched: 1 }]);
  });
});
