import { AffinisError } from '../errors.ts';
import { checkStoreName } from './check-write.ts';
import type { Enrolment } from './gallery.ts';

export const metadataLimits = { pairs: 16, keyBytes: 64, valueBytes: 256 } as const;

/** Refuses with `invalid-argument` what may not be enrolled whatever its samples are; fields as the contract has them. */
export function checkEnrolment({ templateId, metadata = {}, consentAt, expiresAt }: Enrolment, now: number): void {
  checkTemplateId(templateId, 'template_id');
  checkMetadata(metadata, 'metadata');
  for (const [field, time] of Object.entries({ consent_at: consentAt, expires_at: expiresAt }))
    if (time !== undefined && !Number.isSafeInteger(time))
      throw invalid(field, 'is no time between the years 1 and 9999');
  if (expiresAt !== undefined && expiresAt <= now)
    throw invalid('expires_at', 'is not in the future; leave it out for a template that never expires', 'EXPIRED');
}

/** Throws under `field`; empty: where the id itself stands. */
export function checkTemplateId(id: string, field: string): void {
  try {
    checkStoreName(id, 'id');
  } catch (thrown) {
    const message = AffinisError.from(thrown).message.replace(/^\[store\] id/, `[core] ${field || 'a template id'}`);
    throw new AffinisError('invalid-argument', message, { reason: 'BAD_ID', ...(field === '' ? {} : { field }) });
  }
}

/** Throws under `field`. */
export function checkMetadata(metadata: Readonly<Record<string, string>>, field: string): void {
  const pairs = Object.entries(metadata);
  const { keyBytes, valueBytes } = metadataLimits;
  const over = (problem: string) => invalid(field, problem, 'METADATA_LIMIT');
  if (pairs.length > metadataLimits.pairs) throw over(`has ${pairs.length} pairs; the most is ${metadataLimits.pairs}`);
  for (const [key, value] of pairs) {
    if (key === '') throw over('has an empty key; name it');
    if (Buffer.byteLength(key) > keyBytes) throw over(`has a key of more than ${keyBytes} bytes`);
    if (Buffer.byteLength(value) > valueBytes) throw over(`has a value of more than ${valueBytes} bytes`);
    if (/\p{Surrogate}/u.test(key + value)) throw invalid(field, 'holds a lone surrogate; send well-formed text');
  }
}

const invalid = (field: string, problem: string, reason?: string) =>
  new AffinisError('invalid-argument', `[core] ${field} ${problem}`, {
    field,
    ...(reason === undefined ? {} : { reason }),
  });
