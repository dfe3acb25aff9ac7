import { existsSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AffinisError, type Config, readYaml } from '@affinis/core';
import { type LoadedConfig, loadConfig } from '../composition.ts';

/** Where a server's configuration comes from, at its start and again whenever it changes. */
export interface ConfigSource {
  /** Absolute; there need not be a file. */
  readonly path: string;
  /**
   * Waits for a file that is just being written. Throws `invalid-argument` with file, line and field; also, once there was
   * a file, where it is gone or blank.
   */
  read(): Promise<LoadedConfig>;
  /** The same error with the file, line and column where its field stands, where it does not say so already. */
  locate(error: AffinisError): AffinisError;
}

/** A file that was changed less than this ago may be half written. */
const quietMs = 100;
const mostWaitMs = 2000;

/** `file`: default `affinis.yaml` of the working directory. `override` puts the command line's options over it. */
export function createConfigSource(
  file: string | undefined,
  override: (config: Config) => Config = (config) => config,
): ConfigSource {
  const path = resolve(file ?? 'affinis.yaml');
  const name = file ?? 'affinis.yaml';
  let found = false;
  return {
    path,
    async read() {
      if (found) await quiet(path);
      const { config, folder } = loadConfig(file, { whole: found });
      found ||= existsSync(path);
      return { config: override(config), folder };
    },
    locate(error) {
      const { code, message, field, reason, cause } = error;
      if (field === undefined || message.startsWith(name)) return error;
      const place = placeOf(path, name, field);
      const details = { field, cause, ...(reason === undefined ? {} : { reason }) };
      return place === undefined ? error : new AffinisError(code, `${place}: ${message}`, details);
    },
  };
}

async function quiet(path: string): Promise<void> {
  const end = Date.now() + mostWaitMs;
  while (Date.now() < end) {
    const changedAt = await stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
    const wait = changedAt + quietMs - Date.now();
    // A time in the future is a clock's, not a writer's.
    if (wait <= 0 || wait > quietMs) return;
    await new Promise((done) => setTimeout(done, wait));
  }
}

function placeOf(path: string, name: string, field: string): string | undefined {
  try {
    const place = readYaml(readFileSync(path, 'utf8'), name).positionOf(field.split('.'));
    return place === name ? undefined : place;
  } catch {
    return undefined;
  }
}
