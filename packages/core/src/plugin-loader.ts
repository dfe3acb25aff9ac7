import { AffinisError } from './errors.ts';
import type { Plugin } from './plugin.ts';

/** Imports plugin modules by URL; each must default-export what `definePlugin` returns. */
export async function loadPlugins(urls: readonly string[]): Promise<Plugin[]> {
  return Promise.all(
    urls.map(async (url) => {
      const module: { default?: Plugin } = await import(url).catch((cause: unknown) => {
        throw new AffinisError(
          'failed-precondition',
          `[core] plugin ${nameOf(url)} cannot be imported; is it built and installed?`,
          { field: 'plugins', cause },
        );
      });
      if (typeof module.default !== 'object' || typeof module.default?.name !== 'string')
        throw new AffinisError(
          'failed-precondition',
          `[core] plugin ${nameOf(url)} must default-export definePlugin({ name, … })`,
          { field: 'plugins' },
        );
      return module.default;
    }),
  );
}

const nameOf = (url: string) => url.split('/').slice(-3).join('/');
