import { AffinisError } from '../errors.ts';
import { failure } from '../result.ts';
import { noGallery } from './store-errors.ts';
import type { TemplateStore } from './template-store.ts';

/**
 * A store that is opened, and made where it is not there, by the first gallery that is created; until then it holds none.
 */
export function createLazyStore(open: () => Required<TemplateStore> | Promise<Required<TemplateStore>>) {
  let opening: Promise<Required<TemplateStore>> | undefined;
  let opened: Required<TemplateStore> | undefined;
  const store = async () => {
    opening ??= Promise.resolve(open());
    try {
      opened = await opening;
      return opened;
    } catch (thrown) {
      opening = undefined;
      throw thrown;
    }
  };
  const needed = (gallery: string): Required<TemplateStore> => {
    if (opened) return opened;
    throw noGallery('galleries', gallery);
  };
  const lazy: Required<TemplateStore> = {
    async write(batch) {
      if (!opened && !batch.some(({ kind }) => kind === 'create-gallery'))
        return batch.map(() => failure(new AffinisError('not-found', '[galleries] there is no gallery yet')));
      return (await store()).write(batch);
    },
    get: async (gallery, id) => needed(gallery).get(gallery, id),
    scan: (gallery, options) => needed(gallery).scan(gallery, options),
    galleries: async () => (await opened?.galleries()) ?? [],
    close: async () => {
      await opened?.close();
    },
    rows: (gallery) => needed(gallery).rows(gallery),
    readRow: (gallery, sequence, mean, variance) => needed(gallery).readRow(gallery, sequence, mean, variance),
    idOf: (gallery, sequence) => needed(gallery).idOf(gallery, sequence),
    withMetadata: (gallery, equals) => needed(gallery).withMetadata(gallery, equals),
  };
  return lazy;
}
