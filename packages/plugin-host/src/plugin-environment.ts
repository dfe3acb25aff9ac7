import type { ProcessPluginConfig } from '@affinis/core';

/** Protocol versions of affinis.plugin that this host speaks. */
export const protocolVersions: readonly number[] = [1];

const allowed = /^(PATH|HOME|LANG|LC_[A-Z]+|TZ|TMPDIR)$/;

/** What a plugin process gets of this one's environment: little, so that no secret of the server's reaches it unasked. */
export function pluginEnvironment(
  { env, passEnv }: Pick<ProcessPluginConfig, 'env' | 'passEnv'>,
  endpoint: string,
  logLevel: string,
): Record<string, string> {
  const passed = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (allowed.test(entry[0]) || passEnv.includes(entry[0])),
  );
  return {
    ...Object.fromEntries(passed),
    ...env,
    AFFINIS_PLUGIN: '1',
    AFFINIS_ENDPOINT: endpoint,
    AFFINIS_PROTOCOL_VERSIONS: protocolVersions.join(','),
    AFFINIS_LOG_LEVEL: logLevel,
  };
}
