import type { ServerConfig } from '@affinis/core';
import type { ServerInterceptor, ServerOptions } from '@grpc/grpc-js';

/** grpc-js's own limits, set for many small calls and against slow or hostile clients. */
export function grpcServerOptions(config: ServerConfig, interceptors: ServerInterceptor[]): ServerOptions {
  return {
    interceptors,
    'grpc.max_receive_message_length': config.maxMessageBytes,
    'grpc.max_send_message_length': config.maxMessageBytes,
    'grpc.max_concurrent_streams': config.maxConcurrentStreams,
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.max_connection_idle_ms': 300_000,
    'grpc.max_connection_age_ms': 1_800_000,
    'grpc.max_connection_age_grace_ms': 30_000,
    'grpc-node.flow_control_window': 1024 * 1024,
  };
}
