export * as v1 from './generated/index.affinis.v1.ts';
export * as rpc from './generated/index.google.rpc.ts';
export * as health from './generated/index.grpc.health.v1.ts';
