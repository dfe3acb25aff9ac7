import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';

// The peer of `score`: grpc-js and nothing else. `Echo` answers with the request's bytes, `Reply` with as many as the
// request's first field says that `score`'s answer has. Greets with its port.

const bytes = {
  requestStream: false as const,
  responseStream: false as const,
  requestSerialize: (value: Buffer) => value,
  requestDeserialize: (value: Buffer) => value,
  responseSerialize: (value: Buffer) => value,
  responseDeserialize: (value: Buffer) => value,
};
const reply = Buffer.alloc(Number(process.argv[2] ?? 0));
const server = new Server({ 'grpc-node.flow_control_window': 1024 * 1024 });
server.addService(
  { echo: { ...bytes, path: '/bench.Echo/Echo' }, reply: { ...bytes, path: '/bench.Echo/Reply' } },
  {
    echo: (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => answer(null, call.request),
    reply: (_call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>) => answer(null, reply),
  },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.({ port });
});
process.on('SIGTERM', () => process.exit(0));
