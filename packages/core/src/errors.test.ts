import { AffinisError } from './errors.ts';
import { attempt } from './result.ts';

const details = { field: 'media', reason: 'NO_FACE', retryAfterMs: 5 };

describe('AffinisError', () => {
  it.each([
    [undefined, 'items[3]', 'items[3]'],
    ['', 'items[3]', 'items[3]'],
    ['media', 'left.samples[0]', 'left.samples[0].media'],
    ['[2].mean', 'references', 'references[2].mean'],
  ])('puts a prefix before field %p', (field, prefix, expected) => {
    const error = new AffinisError('invalid-argument', '[x] y', field === undefined ? {} : { field });
    expect(error.at(prefix)).toMatchObject({ code: 'invalid-argument', message: '[x] y', field: expected });
  });

  it('keeps everything else when it is seen from further out', () => {
    const cause = new Error('why');
    const outer = new AffinisError('not-found', '[x] y', { ...details, cause }).at('items[0]');
    expect(outer).toMatchObject({ ...details, field: 'items[0].media', cause });
  });

  it('takes foreign values as internal and keeps their text out of the message', () => {
    const cause = new Error('/home/someone/secret');
    const error = AffinisError.from(cause, 'worker');
    expect(error).toMatchObject({ code: 'internal', cause });
    expect(error.message).toMatch(/^\[worker\] /);
    expect(error.message).not.toContain('secret');
    expect(AffinisError.from(undefined)).toMatchObject({ code: 'internal' });
    expect(AffinisError.from('text')).toMatchObject({ code: 'internal', cause: 'text' });
  });

  it('is returned as it is', () => {
    const error = new AffinisError('cancelled', '[x] y');
    expect(AffinisError.from(error)).toBe(error);
  });

  it('is recognised when another copy of core threw it', () => {
    const other = Object.assign(new Error('[plugin] no face'), {
      name: 'AffinisError',
      code: 'invalid-argument',
      ...details,
    });
    expect(AffinisError.from(other)).toBeInstanceOf(AffinisError);
    expect(AffinisError.from(other)).toMatchObject({
      code: 'invalid-argument',
      message: '[plugin] no face',
      ...details,
    });
    expect(AffinisError.from(Object.assign(new Error('x'), { name: 'AffinisError', code: 'EPIPE' })).code).toBe(
      'internal',
    );
  });

  it('survives the way between threads, with its cause as text', () => {
    const error = new AffinisError('unavailable', '[x] y', { ...details, cause: new Error('why') });
    const copy = AffinisError.fromWire(structuredClone(error.toWire()));
    expect(copy).toMatchObject({ code: 'unavailable', message: '[x] y', ...details });
    expect(copy.cause).toContain('Error: why');
    expect(new AffinisError('internal', '[x] y').toWire()).toEqual({ code: 'internal', message: '[x] y' });
  });
});

describe('attempt', () => {
  it('turns a value, a throw and a rejection into results', async () => {
    const error = new AffinisError('not-found', '[x] y');
    await expect(attempt(() => 1)).resolves.toEqual({ ok: true, value: 1 });
    await expect(
      attempt(() => {
        throw error;
      }),
    ).resolves.toEqual({ ok: false, error });
    await expect(attempt(() => Promise.reject(error))).resolves.toEqual({ ok: false, error });
  });
});
