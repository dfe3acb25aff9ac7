import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calibrationOf } from '../testing/calibrations.ts';
import { findCalibration, readCalibrations } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'affinis-calibrations-'));
afterAll(() => rmSync(folder, { recursive: true }));

const key = { space: 'toy/0123456789abcdef', metric: 'toy', parameters: {}, needsVariance: false };
const stored = (changes: Parameters<typeof calibrationOf>[0]) => ({ digest: 'd', values: calibrationOf(changes) });

describe('calibrations', () => {
  it('are read from the folders that exist, with the digest of each file', async () => {
    writeFileSync(join(folder, 'b.json'), JSON.stringify(calibrationOf({ metric: 'second' })));
    writeFileSync(join(folder, 'a.json'), JSON.stringify(calibrationOf({ metric: 'first' })));
    writeFileSync(join(folder, 'notes.txt'), 'not one');
    const found = await readCalibrations([join(folder, 'absent'), folder]);
    expect(found.map(({ values }) => values.metric)).toEqual(['first', 'second']);
    expect(found[0]?.digest).toMatch(/^[0-9a-f]{16}$/);
  });

  it('fail by the name of the file that is broken', async () => {
    writeFileSync(join(folder, 'c.json'), '{');
    await expect(readCalibrations([folder])).rejects.toThrow('c.json: ');
  });

  it.each<[string, Parameters<typeof calibrationOf>[0], object, boolean]>([
    ['the same space and metric', {}, {}, true],
    ['another space', { space: 'other' }, {}, false],
    ['another metric', { metric: 'other' }, {}, false],
    ['the same parameters', { parameters: { a: [1] } }, { parameters: { a: [1] } }, true],
    ['other parameters', { parameters: { a: [1] } }, { parameters: { a: [2] } }, false],
    ['any variance, where it reads none', {}, { varianceId: 'v' }, true],
    ['none, where the metric reads one', {}, { varianceId: 'v', needsVariance: true }, false],
    ['its own variance', { varianceId: 'v' }, { varianceId: 'v', needsVariance: true }, true],
    ['another variance', { varianceId: 'v' }, { varianceId: 'w' }, false],
  ])('fit %s: %#', (_, changes, wanted, fits) => {
    expect(findCalibration([stored(changes)], { ...key, ...wanted }) !== undefined).toBe(fits);
  });
});
