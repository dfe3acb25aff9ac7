import type { GalleryCalls } from '@affinis/client';
import { createLocalGalleries } from './local-galleries.ts';
import { openRemote } from './remote-answerer.ts';
import type { TargetOptions } from './target-options.ts';

/** What answers the galleries' commands: a server, or this process on the galleries' folder. */
export interface GalleryTarget extends GalleryCalls {
  close(): Promise<void> | void;
}

/** Runs `work` with the galleries that the options name and closes them whatever happens. */
export async function withGalleries<T>(
  options: TargetOptions,
  work: (target: GalleryTarget) => Promise<T>,
): Promise<T> {
  const target: GalleryTarget =
    options.server === undefined ? createLocalGalleries(options.config) : openRemote(options.server, options);
  try {
    return await work(target);
  } finally {
    await target.close();
  }
}
