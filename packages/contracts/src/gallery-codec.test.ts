import type { GalleryDescription, TemplateView } from '@affinis/core';
import {
  afterOfPageToken,
  galleryFromProto,
  galleryToProto,
  pageTokenOf,
  templateFromProto,
  templateToProto,
} from './gallery-codec.ts';
import { enrollItemFromProto, enrollItemToProto } from './gallery-item-codec.ts';
import {
  classifyResultFromProto,
  classifyResultToProto,
  enrollResultFromProto,
  enrollResultToProto,
  type IdentifyAnswer,
  identifyResultFromProto,
  identifyResultToProto,
} from './gallery-result-codec.ts';
import {
  ClassifyResult,
  EnrollItem,
  EnrollResult,
  GalleryDescription as GalleryMessage,
  IdentifyResult,
  Template,
} from './generated/affinis/v1/gallery.ts';
import type { PipelineIdentity } from './identity.ts';

const embedding = {
  mean: Float32Array.of(1, 0),
  unitNorm: true,
  space: 's',
  variance: { kind: 'diagonal', values: Float32Array.of(0.5, 0.25) },
  varianceId: 'v',
} as const;

const template: TemplateView = {
  id: 'Zoë 😀',
  revision: 3,
  sourceCount: 1,
  metadata: { team: 'red', '': '' },
  createdAt: 1_700_000_000_123,
  updatedAt: 1_700_000_000_999,
  consentAt: 1,
  expiresAt: 253_402_300_799_999,
  fused: embedding,
  sources: [{ embedding, enrolledAt: 1_700_000_000_123 }],
};
const bare: TemplateView = { id: 'a', revision: 1, sourceCount: 2, metadata: {}, createdAt: 0, updatedAt: 0 };

/** Through the wire and back. */
const again = <T>(
  codec: { encode(message: T): { finish(): Uint8Array }; decode(bytes: Uint8Array): T },
  message: T,
): T => codec.decode(codec.encode(message).finish());

describe('what travels comes back as it was', () => {
  it.each([template, bare])('a template', (each) => {
    expect(templateFromProto(again(Template, templateToProto(each)))).toEqual(each);
  });

  it.each<GalleryDescription>([
    {
      name: 'staff',
      pipeline: 'face',
      space: 's/1',
      dimension: 128,
      unitNorm: true,
      varianceKind: 'diagonal',
      varianceId: 'v',
      fusion: 'inverse-variance',
      createdAt: 12,
      templates: 2 ** 33,
    },
    {
      name: 'plain',
      pipeline: 'p',
      space: 's',
      dimension: 1,
      unitNorm: false,
      varianceKind: 'none',
      fusion: 'mean',
      createdAt: 0,
      templates: 0,
    },
  ])('gallery $name', (gallery) => {
    expect(galleryFromProto(again(GalleryMessage, galleryToProto(gallery)))).toEqual(gallery);
  });

  it('an enrolment, with what it leaves out filled in', () => {
    const samples = [
      { kind: 'embedding', embedding },
      { kind: 'text', text: 'hello' },
    ] as const;
    const whole = {
      templateId: 'a',
      samples,
      metadata: { k: 'v' },
      consentAt: 5,
      expiresAt: 7,
      mode: 'create',
    } as const;
    expect(enrollItemFromProto(again(EnrollItem, enrollItemToProto('1', whole)))).toEqual(whole);
    const sparse = enrollItemFromProto(again(EnrollItem, enrollItemToProto('1', { templateId: 'a', samples })));
    expect(sparse).toEqual({ templateId: 'a', samples, metadata: {}, mode: 'add' });
  });

  const pipeline: PipelineIdentity = {
    pipeline: 'face',
    model: { name: 'm', version: '1', sha256: 'ab' },
    metric: { name: 'euclidean', polarity: 'distance' },
  };
  const timings = { queueMs: 1, decodeMs: 2, prepareMs: 3, inferenceMs: 4, scoreMs: 5 };
  const facts = { searched: 2 ** 33, pipeline, infos: [undefined], timings };
  const calibrated = { llr: 1, probability: 0.7, prior: 0.5, fmr: 0.1, fmrUpper: 0.2, calibration: 'c' };
  const candidate = {
    templateId: 'a',
    score: 0,
    decision: 'match',
    calibrated,
    searchFmr: 0,
    metadata: { k: 'v' },
  } as const;
  const place = { id: '1', field: 'items[0]' };

  it.each<IdentifyAnswer>([
    {
      ...facts,
      decision: 'match',
      templateId: 'a',
      candidates: [candidate, { templateId: 'b', score: -0.5, decision: 'no_match' }],
      policy: { kind: 'fmr', fmr: 1e-3 },
      threshold: { value: 0.5, source: 'calibration' },
    },
    { ...facts, decision: 'insufficient', reason: 'too dark', candidates: [] },
    { ...facts, decision: 'undecided', candidates: [] },
    {
      ...facts,
      decision: 'unknown',
      candidates: [],
      policy: { kind: 'threshold', source: 'config' },
      threshold: { value: 1, source: 'config' },
    },
  ])('an identification: $decision', (answer) => {
    const message = identifyResultToProto(place, { ok: true, value: answer }, pipeline);
    expect(identifyResultFromProto(again(IdentifyResult, message))).toEqual({ ok: true, value: answer });
  });

  it('a classification', () => {
    const votes = [{ label: 'red', votes: 2, best: candidate }];
    const value = { ...facts, decision: 'match', label: 'red', votes } as const;
    const message = again(ClassifyResult, classifyResultToProto(place, { ok: true, value }, pipeline));
    expect(classifyResultFromProto(message)).toEqual({ ok: true, value });
  });

  it('an enrolment’s result', () => {
    const value = { template: bare, created: true, infos: [undefined], timings };
    const message = again(EnrollResult, enrollResultToProto(place, { ok: true, value }));
    expect(enrollResultFromProto(message)).toEqual({ ok: true, value });
  });
});

describe('what no client may send', () => {
  it('a time that no calendar has', () => {
    const item = { ...EnrollItem.create({ templateId: 'a' }), expiresAt: new Date(Number.NaN) };
    expect(() => enrollItemFromProto(item)).toThrow(/expires_at is no time/);
    expect(() => enrollItemToProto('', { templateId: 'a', samples: [], consentAt: Number.NaN })).toThrow(/consent_at/);
  });

  it('a page token that was not given', () => {
    expect(afterOfPageToken(pageTokenOf('Zoë 😀'))).toBe('Zoë 😀');
    expect(afterOfPageToken('')).toBeUndefined();
    for (const token of [
      'x',
      pageTokenOf('a').slice(1),
      `${pageTokenOf('a')}=`,
      Buffer.from('2:a').toString('base64url'),
    ])
      expect(() => afterOfPageToken(token)).toThrow(/page_token is none/);
  });
});
