import { type ChannelCredentials, type ChannelOptions, Client, credentials, Metadata } from '@grpc/grpc-js';
import type { Settings, TlsOptions } from './options.ts';

/** Room that a message's other fields may take beside its payload, and retry buffers beside a message. */
const slackBytes = 64 * 1024;

export function createChannel(settings: Settings): Client {
  return new Client(settings.address, credentialsOf(settings.tls), channelOptions(settings));
}

export function metadataOf({ token }: Settings): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

function credentialsOf(tls: TlsOptions | undefined): ChannelCredentials {
  if (!tls) return credentials.createInsecure();
  const pem = (bytes: Uint8Array | undefined) => (bytes ? Buffer.from(bytes) : null);
  return credentials.createSsl(pem(tls.rootCertificates), pem(tls.privateKey), pem(tls.certificateChain));
}

function channelOptions({ tls, retry, maxMessageBytes, local }: Settings): ChannelOptions {
  const perCallBuffer = maxMessageBytes + slackBytes;
  return {
    'grpc.max_send_message_length': maxMessageBytes,
    'grpc.max_receive_message_length': maxMessageBytes + slackBytes,
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 500,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc-node.flow_control_window': 1024 * 1024,
    'grpc.service_config_disable_resolution': 1,
    'grpc.per_rpc_retry_buffer_size': perCallBuffer,
    'grpc.retry_buffer_size': 16 * perCallBuffer,
    ...(local ? { 'grpc.enable_http_proxy': 0 } : {}),
    ...(tls?.serverName === undefined ? {} : { 'grpc.ssl_target_name_override': tls.serverName }),
    ...(retry ? { 'grpc.service_config': serviceConfig(retry) } : { 'grpc.enable_retries': 0 }),
  };
}

/**
 * The library itself repeats what failed with UNAVAILABLE; a server's `grpc-retry-pushback-ms` sets the wait.
 * RESOURCE_EXHAUSTED is left to `withRetry`: only some of it heals, and only the error's details say which.
 */
function serviceConfig({ attempts, initialBackoffMs, maxBackoffMs }: NonNullable<Settings['retry']>): string {
  return JSON.stringify({
    loadBalancingConfig: [],
    methodConfig: [
      {
        name: [{}],
        retryPolicy: {
          maxAttempts: attempts,
          initialBackoff: `${initialBackoffMs / 1000}s`,
          maxBackoff: `${maxBackoffMs / 1000}s`,
          backoffMultiplier: 2,
          retryableStatusCodes: ['UNAVAILABLE'],
        },
      },
    ],
  });
}
