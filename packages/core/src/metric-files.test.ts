import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { checkFiles, parametersIdentity, specifyMetric } from './metric-files.ts';
import { defineMetric } from './plugin.ts';

const learned = defineMetric({
  id: 'learned',
  description: 'for tests',
  unit: 'none',
  parameters: z.strictObject({ file: z.string() }),
  files: ['file'],
  create: () => ({ id: 'learned', polarity: 'similarity', needsVariance: false, scoreBlock: () => undefined }),
});

describe('file parameters of a metric', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'affinis-metric-'));
    writeFileSync(join(folder, 'a.json'), 'learned');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('start from the folder of the configuration', () => {
    const spec = specifyMetric(learned, { file: 'a.json', other: 1 }, folder);
    expect(spec).toMatchObject({ type: 'learned', parameters: { file: join(folder, 'a.json'), other: 1 } });
    expect(() => checkFiles(spec)).not.toThrow();
  });

  it('are known to calibrations by their content, wherever the file lies', () => {
    writeFileSync(join(folder, 'b.json'), 'learned');
    writeFileSync(join(folder, 'c.json'), 'learned again');
    const [a, b, c] = ['a', 'b', 'c'].map((name) =>
      parametersIdentity(specifyMetric(learned, { file: `${name}.json`, other: 1 }, folder)),
    );
    expect(a).toEqual({
      // printf learned | sha256sum
      file: 'sha256:d78e3c38d98d17d7355ec4a989e477bace56a6fa2508121a520146cd0a23ec80',
      other: 1,
    });
    expect(b).toEqual(a);
    expect(c).not.toEqual(a);
  });

  it('are refused where the file changes after the start', () => {
    const spec = specifyMetric(learned, { file: 'a.json' }, folder);
    writeFileSync(join(folder, 'a.json'), 'other');
    expect(() => checkFiles(spec)).toThrow('has changed since the configuration was read; reload it');
  });

  it('name a file that cannot be read', () => {
    expect(() => specifyMetric(learned, { file: 'gone.json' }, folder)).toThrow(
      expect.objectContaining({ code: 'invalid-argument', field: 'parameters.file' }),
    );
  });

  it('are left alone where there are none', () => {
    const spec = specifyMetric(learned, { rows: [[1]] }, folder);
    expect(spec).toEqual({ type: 'learned', parameters: { rows: [[1]] } });
    expect(parametersIdentity(spec)).toEqual({ rows: [[1]] });
  });
});

describe('what a calibration knows of a combinator', () => {
  it('is what it wraps too', () => {
    const inner = { type: 'learned', parameters: { file: '/a.json' }, files: { file: 'abc' } };
    expect(parametersIdentity({ type: 'twice', parameters: { of: 'x' }, wrapped: { x: inner } })).toEqual({
      of: 'x',
      wrapped: { x: { type: 'learned', parameters: { file: 'sha256:abc' } } },
    });
  });
});
