import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { AffinisError } from '@affinis/core';
import type { Server, ServerCredentials } from '@grpc/grpc-js';

/** The listening socket. Ours and not grpc-js's, which knows no limit on connections and cannot drop a silent peer. */
export interface Listener {
  readonly host: string;
  readonly port: number;
  /** Closes one connection, given as grpc-js names its peer. */
  drop(peer: string): void;
  /** New connections are taken with these from now on; those that are open stay as they are. */
  secure(credentials: ServerCredentials): void;
  /** Stops accepting; connections that are open stay. */
  stop(): void;
  /** Closes every connection. */
  destroy(): void;
}

export async function listen(
  server: Server,
  credentials: ServerCredentials,
  options: { host: string; port: number; maxConnections: number },
): Promise<Listener> {
  const injectors = new Map([[server.createConnectionInjector(credentials), new Set<Socket>()]]);
  /** The last one; those before it go with their last connection. */
  const newest = () => [...injectors].at(-1);
  const retire = () => {
    for (const [injector, open] of [...injectors].slice(0, -1)) {
      if (open.size > 0) continue;
      injectors.delete(injector);
      injector.destroy();
    }
  };
  const sockets = new Map<string, Socket>();
  const net: NetServer = createServer({ noDelay: true }, (socket) => {
    const peer = `${socket.remoteAddress}:${socket.remotePort}`;
    sockets.set(peer, socket);
    const [injector, open] = newest() ?? [];
    open?.add(socket);
    socket.on('close', () => {
      open?.delete(socket);
      retire();
      if (sockets.get(peer) === socket) sockets.delete(peer);
    });
    socket.on('error', () => socket.destroy());
    injector?.injectConnection(socket);
  });
  net.maxConnections = options.maxConnections;
  const port = await bind(net, options.host, options.port);
  return {
    host: options.host,
    port,
    drop: (peer) => sockets.get(peer)?.destroy(),
    secure(next) {
      injectors.set(server.createConnectionInjector(next), new Set());
      retire();
    },
    stop: () => net.close(),
    destroy: () => {
      net.close();
      for (const injector of injectors.keys()) injector.destroy();
      for (const socket of sockets.values()) socket.destroy();
    },
  };
}

function bind(net: NetServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    net.once('error', (cause: NodeJS.ErrnoException) =>
      reject(
        new AffinisError(
          'failed-precondition',
          `[server] cannot listen on ${host}:${port} (${cause.code}); choose another with server.port or --port`,
          { field: 'server.port', cause },
        ),
      ),
    );
    net.listen({ host, port }, () => {
      const address = net.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}
