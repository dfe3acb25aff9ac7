import { AffinisError } from '../errors.ts';

/** What every store answers in the same words; `where` is the store's name. */
export const noGallery = (where: string, name: string): AffinisError =>
  new AffinisError('not-found', `[${where}] there is no gallery '${name}'; create it first`, { field: 'gallery' });

export const noTemplate = (where: string, id: string): AffinisError =>
  new AffinisError('not-found', `[${where}] there is no template '${id}' in this gallery`, { field: 'id' });

export const galleryExists = (where: string, name: string): AffinisError =>
  new AffinisError('already-exists', `[${where}] gallery '${name}' exists; delete it or choose another name`, {
    field: 'gallery',
  });

/** `found` is 0 where there is no template. */
export const otherRevision = (where: string, wanted: number, found: number): AffinisError =>
  new AffinisError(
    'aborted',
    `[${where}] the template is of revision ${found}, not ${wanted}; read it again and retry`,
    {
      field: 'revision',
      reason: 'REVISION',
    },
  );

export const noSequencesLeft = (where: string): AffinisError =>
  new AffinisError(
    'resource-exhausted',
    `[${where}] all 2^32 sequence numbers are used up; export the galleries and import them into a new store`,
  );
