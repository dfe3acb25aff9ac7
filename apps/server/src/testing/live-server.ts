import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AdminClient, createAdminClient } from '@affinis/client';
import { type ChangingFolder, createChangingFolder } from './changing-config.ts';
import { startTestServer, type TestServer } from './use-server.ts';

/** A server whose configuration changes while it runs, with a client of its admin port. */
export interface LiveServer {
  readonly folder: ChangingFolder;
  readonly server: TestServer;
  readonly admin: AdminClient;
  /** Puts a new affinis.yaml in the old one's place and waits until it is read; returns the log line. */
  configure(text: string): Promise<Record<string, unknown>>;
}

export const adminToken = 'admin-token-51c7';
const files = { token: 'admin-token' };

/** The section that opens the admin port. */
export const adminSection = `admin: { port: 0, tokensFile: ${files.token} }\n`;

/** Runs `work` with a server of `config`, to which `adminSection` belongs, and ends it, whatever happens. */
export async function withLiveServer(
  config: string,
  work: (live: LiveServer) => Promise<void>,
  prepare: (folder: ChangingFolder) => void = () => undefined,
): Promise<void> {
  const folder = createChangingFolder();
  let server: TestServer | undefined;
  let admin: AdminClient | undefined;
  try {
    writeFileSync(join(folder.path, files.token), `${adminToken}\n`);
    prepare(folder);
    server = await startTestServer({ folder: folder.path, config });
    const running = server;
    admin = createAdminClient({ address: server.admin, token: adminToken, retry: false });
    await work({
      folder,
      server,
      admin,
      configure(text) {
        const from = running.log.length;
        folder.replace('affinis.yaml', text);
        return Promise.race(
          ['configuration reloaded', 'configuration refused; the one before goes on serving'].map((msg) =>
            running.logged(msg, from),
          ),
        );
      },
    });
  } finally {
    admin?.close();
    await server?.stop('SIGKILL');
    folder.remove();
  }
}
