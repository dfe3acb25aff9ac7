import { AffinisError, type Config, type Runtime } from '@affinis/core';
import type { Logger } from 'pino';
import type { LoadedConfig } from '../composition.ts';
import type { Access } from '../grpc/access.ts';
import { keepBound } from './bound-fields.ts';
import { configChanges } from './config-changes.ts';
import type { ConfigSource } from './config-source.ts';
import { assertNoWorse, runtimeChanges } from './runtime-changes.ts';
import type { Serving } from './serving.ts';

/** Changes what is served: each change is built beside the state that serves, checked, and swapped in at once. */
export interface Reloader {
  /** What is configured now, as far as it is in effect. */
  readonly loaded: LoadedConfig;
  /** Reads the configuration again. Where it is wrong it throws, and nothing has changed. */
  reload(options?: { readonly dryRun?: boolean }): Promise<Changes>;
  /** Builds the state anew from the same configuration, after a plugin has gone or come back. */
  refresh(): Promise<void>;
  /** Leaves the embedders of this name or model unloaded until they are loaded again. Throws `not-found`. */
  unload(name: string): Promise<readonly string[]>;
  /** Throws what keeps one of the embedders from being loaded. Both return the names of those that were meant. */
  load(name: string): Promise<readonly string[]>;
}

/** In words, one a line. */
export interface Changes {
  readonly applied: readonly string[];
  /** What differs from the running server and takes a restart. */
  readonly afterRestart: readonly string[];
}

/** Who may call the ports. */
export interface Accesses {
  readonly server: Access;
  readonly admin: Access | undefined;
}

export interface ReloaderParts {
  readonly source: ConfigSource;
  readonly first: LoadedConfig;
  readonly accesses: Accesses;
  readonly serving: Serving;
  readonly log: Logger;
  build(loaded: LoadedConfig, unloaded: ReadonlySet<string>, previous: Runtime): Promise<Runtime>;
  readAccesses(loaded: LoadedConfig): Accesses;
  /** Told of what is served from now on; must not throw. */
  onSwap(runtime: Runtime, accesses: Accesses): void;
}

export function createReloader(parts: ReloaderParts): Reloader {
  const { source, serving, log } = parts;
  let { first: loaded, accesses } = parts;
  let unloaded: ReadonlySet<string> = new Set();
  const oneAtATime = createMutex();

  /** Serves `next` from now on, or throws with nothing changed. */
  const change = async (
    next: LoadedConfig,
    without: ReadonlySet<string>,
    { dryRun = false, mayBeWorse = false } = {},
  ): Promise<string[]> => {
    const before = serving.current;
    const admitted = parts.readAccesses(next);
    const built = await parts.build(next, without, before);
    try {
      if (!mayBeWorse) assertNoWorse(before, built, without);
      const offers = {
        metrics: [...before.registry.metrics, ...built.registry.metrics],
        embedders: [...before.registry.embedders, ...built.registry.embedders],
      };
      const changes = [
        ...configChanges(loaded.config, next.config, offers),
        ...runtimeChanges(before, built),
        ...accessChanges(accesses, admitted),
      ];
      if (dryRun) {
        await built.close();
        return changes;
      }
      serving.swap(built);
      [loaded, unloaded, accesses] = [next, without, admitted];
      parts.onSwap(built, admitted);
      return changes;
    } catch (thrown) {
      await built.close();
      throw thrown;
    }
  };

  const setUnloaded = async (name: string, choose: (names: readonly string[]) => ReadonlySet<string>) => {
    const names = embeddersOf(loaded.config, name);
    await change(loaded, choose(names));
    return names;
  };

  return {
    get loaded() {
      return loaded;
    },
    reload: ({ dryRun = false } = {}) =>
      oneAtATime(async () => {
        try {
          const read = await source.read();
          const next = { ...read, config: keepBound(loaded.config, read.config) };
          const without = new Set([...unloaded].filter((name) => Object.hasOwn(next.config.embedders, name)));
          const { registry } = serving.current;
          const afterRestart = configChanges(next.config, read.config, registry);
          const applied = await change(next, without, { dryRun });
          if (!dryRun) log.info({ changes: applied, afterRestart }, 'configuration reloaded');
          return { applied, afterRestart };
        } catch (thrown) {
          throw source.locate(AffinisError.from(thrown, 'server'));
        }
      }),
    refresh: () =>
      oneAtATime(async () => {
        const changes = await change(loaded, unloaded, { mayBeWorse: true });
        if (changes.length > 0) log.info({ changes }, 'plugins changed');
      }),
    unload: (name) =>
      oneAtATime(async () => {
        const embedders = await setUnloaded(name, (names) => new Set([...unloaded, ...names]));
        log.info({ embedders }, 'models unloaded');
        return embedders;
      }),
    load: (name) =>
      oneAtATime(async () => {
        const embedders = await setUnloaded(
          name,
          (names) => new Set([...unloaded].filter((each) => !names.includes(each))),
        );
        for (const each of embedders) serving.current.embedders.get(each)?.assertAvailable();
        log.info({ embedders }, 'models loaded');
        return embedders;
      }),
  };
}

/** Names of the embedders that `name` means: itself, or all of a model of that name. */
function embeddersOf({ embedders }: Config, name: string): string[] {
  if (Object.hasOwn(embedders, name)) return [name];
  const names = Object.keys(embedders).filter((each) => embedders[each]?.model === name);
  if (names.length > 0) return names;
  throw new AffinisError(
    'not-found',
    `[server] no embedder "${name}", and none of a model of that name; there are: ${Object.keys(embedders).join(', ')}`,
    { field: 'name', reason: 'NO_EMBEDDER' },
  );
}

function accessChanges(before: Accesses, after: Accesses): string[] {
  return (['server', 'admin'] as const).flatMap((section) => {
    const [from, to] = [before[section], after[section]];
    if (!from || !to) return [];
    const sameTokens =
      from.tokens.length === to.tokens.length && from.tokens.every((each, at) => to.tokens[at]?.equals(each));
    return [
      ...(from.digest === to.digest ? [] : [`${section}.tls: certificates changed`]),
      ...(sameTokens ? [] : [`${section}.tokensFile: tokens changed`]),
    ];
  });
}

/** Runs what it is given one after another. */
function createMutex(): <T>(work: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
}
