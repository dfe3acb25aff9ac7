import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { angle, anglesConfig, direction } from '../testing/angles.ts';
import { errorOf, outcomesOf, unwrap, unwrapAll } from '../testing/results.ts';
import { withServer } from '../testing/use-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'affinis-gallery-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = anglesConfig();

describe('the life of a gallery', () => {
  it('is created, enrolled into, searched, read and listed', async () => {
    await withServer({ config, folder }, async ({ client }) => {
      expect(await client.listGalleries()).toEqual([]);
      const created = await client.createGallery('staff', 'cosine');
      expect(created).toMatchObject({
        name: 'staff',
        pipeline: 'cosine',
        space: 'angles/1',
        dimension: 8,
        unitNorm: true,
        varianceKind: 'none',
        fusion: 'mean',
        templates: 0,
      });
      const enrolled = unwrapAll(
        await client.enroll('staff', [
          { templateId: 'ann', samples: [angle(0), angle(10)], metadata: { team: 'red' } },
          { templateId: 'bob', samples: [angle(90)], metadata: { team: 'blue' } },
          { templateId: 'cid', samples: [direction(180)], metadata: { team: 'red' }, consentAt: 1_000 },
        ]),
      );
      expect(enrolled.map(({ created, template }) => [created, template.id, template.sourceCount])).toEqual([
        [true, 'ann', 2],
        [true, 'bob', 1],
        [true, 'cid', 1],
      ]);

      const [found, nobody] = unwrapAll(await client.identify('staff', [[angle(5)], [angle(45)]]));
      expect(found).toMatchObject({ decision: 'match', templateId: 'ann', searched: 3 });
      expect(found?.candidates.map(({ templateId }) => templateId)).toEqual(['ann', 'bob', 'cid']);
      expect(nobody).toMatchObject({ decision: 'unknown', candidates: [{ templateId: 'ann' }, {}, {}] });
      expect(nobody).not.toHaveProperty('templateId');

      const [ann] = unwrapAll(await client.getTemplates('staff', ['ann'], { withEmbeddings: true }));
      expect(ann).toMatchObject({ revision: 1, metadata: { team: 'red' }, sources: [{}, {}] });
      expect(ann?.fused?.mean[0]).toBeCloseTo(Math.cos((5 * Math.PI) / 180), 5);
      const { templates } = await client.listTemplates('staff');
      expect(templates.map(({ id, consentAt }) => [id, consentAt])).toEqual([
        ['ann', undefined],
        ['bob', undefined],
        ['cid', 1_000],
      ]);
      expect(await client.listGalleries()).toMatchObject([{ name: 'staff', templates: 3 }]);
    });
  });

  it('outlives the server, and ends template by template', async () => {
    await withServer({ folder }, async ({ client }) => {
      expect(await client.listGalleries()).toMatchObject([{ name: 'staff', templates: 3 }]);
      const [bob] = unwrapAll(await client.identify('staff', [[angle(88)]]));
      expect(bob).toMatchObject({ decision: 'match', templateId: 'bob' });

      const deletions = await client.deleteTemplates('staff', ['bob', 'nobody']);
      expect(outcomesOf(deletions)).toEqual(['ok', 'NO_TEMPLATE']);
      const [gone] = unwrapAll(await client.identify('staff', [[angle(88)]]));
      expect(gone).toMatchObject({ decision: 'unknown', searched: 2 });
      expect(outcomesOf(await client.getTemplates('staff', ['bob']))).toEqual(['NO_TEMPLATE']);

      await client.deleteGallery('staff');
      expect(await client.listGalleries()).toEqual([]);
      const error = await errorOf(client.identify('staff', [[angle(0)]]));
      expect(error).toMatchObject({ code: 'not-found', reason: 'NO_GALLERY', field: 'gallery' });
    });
  });

  it('scores as Verify does, to the last digit, by every metric of its space', async () => {
    await withServer({ config, folder }, async ({ client }) => {
      await client.createGallery('exact', 'cosine');
      const sources = [direction(3.7), direction(11.1), direction(17.9)];
      unwrapAll(await client.enroll('exact', [{ templateId: 'ann', samples: sources }]));
      for (const pipeline of ['cosine', 'euclidean', 'dot', 'unsure-cosine']) {
        const probe = [direction(29.3)];
        const identified = unwrap((await client.identify('exact', [probe], { pipeline }))[0]);
        const verified = unwrap((await client.verify([{ left: probe, right: sources }], { pipeline }))[0]);
        expect(identified.candidates).toMatchObject([{ score: verified.score, decision: verified.decision }]);
        expect(identified).toMatchObject({
          pipeline: { pipeline },
          policy: verified.policy,
          threshold: verified.threshold,
        });
      }
    });
  });
});
