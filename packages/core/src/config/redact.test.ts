import { z } from 'zod';
import { type Offers, redactConfig } from './redact.ts';
import { configSchema } from './schema.ts';

const secret = z.string().meta({ writeOnly: true });
const offers: Offers = {
  metrics: [
    {
      id: 'remote',
      parameters: z.object({
        code: secret.optional(),
        endpoints: z.array(z.union([z.string(), z.object({ url: z.string(), code: secret })])).optional(),
        headers: z.record(z.string(), secret).optional(),
        plain: z.string().optional(),
      }),
    },
  ],
  // What is no zod schema cannot be read.
  embedders: [{ id: 'foreign', parameters: { safeParse: (data: unknown) => ({ success: true, data }) } as never }],
};
const redact = (sections: object) => {
  const config = configSchema.parse({ plugins: [], embedders: {}, pipelines: {}, defaults: {}, ...sections });
  return redactConfig(config, offers, () => '(secret)');
};

describe('redactConfig', () => {
  it('hides what a schema marks, however deep, and nothing else', () => {
    const parameters = {
      code: 'one',
      endpoints: ['a', { url: 'b', code: 'two' }],
      headers: { authorization: 'three' },
      plain: 'p',
    };
    expect(redact({ metrics: { m: { type: 'remote', parameters } } }).metrics.m?.parameters).toEqual({
      code: '(secret)',
      endpoints: ['a', { url: 'b', code: '(secret)' }],
      headers: { authorization: '(secret)' },
      plain: 'p',
    });
  });

  it('hides texts under names of secrets, also where there is no schema', () => {
    const options = { faces: 'single', apiKey: 'k', 'db-password': 'k', tokens: 512, deep: [{ access_key: 'k' }] };
    expect(redact({ embedders: { e: { model: 'm', options } } }).embedders.e?.options).toEqual({
      faces: 'single',
      apiKey: '(secret)',
      'db-password': '(secret)',
      tokens: 512,
      deep: [{ access_key: '(secret)' }],
    });
  });

  it.each(['foreign', 'unknown'])('hides every text that goes to a %s type', (type) => {
    const options = { a: 'x', b: 1, c: { d: ['y', true] } };
    expect(redact({ embedders: { e: { type, options } } }).embedders.e?.options).toEqual({
      a: '(secret)',
      b: 1,
      c: { d: ['(secret)', true] },
    });
  });
});
