import { AffinisError, type Galleries, type Runtime, type TemplateStore } from '@affinis/core';
import { composeGalleries, galleriesFolder, type LoadedConfig, openGalleryStore } from '../composition.ts';

/** The configuration's galleries over an open store, or one opened here; closed where they cannot be opened. */
export async function openGalleries(
  loaded: LoadedConfig,
  pipelines: () => Runtime['pipelines'],
  store?: Required<TemplateStore>,
): Promise<Galleries> {
  const open = store ?? (await openStore(loaded));
  try {
    return await composeGalleries(loaded, pipelines, open);
  } catch (thrown) {
    await open.close();
    throw thrown;
  }
}

export const openStore = (loaded: LoadedConfig): Promise<Required<TemplateStore>> =>
  whileUnlocked(loaded, () => openGalleryStore(loaded));

/** Says of a folder that is in use how its server can be asked. */
export async function whileUnlocked<T>(loaded: LoadedConfig, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof AffinisError) || thrown.reason !== 'STORE_LOCKED') throw thrown;
    throw new AffinisError(
      'failed-precondition',
      `the galleries in ${galleriesFolder(loaded)} are in use by a server or another command; ask that server with --server HOST:PORT, or stop it`,
      { field: 'galleries.path', reason: thrown.reason, cause: thrown },
    );
  }
}
