import { parentPort, workerData } from 'node:worker_threads';
import type { Message, Setup } from './protocol.ts';
import { createScanner } from './scanner.ts';

const scanner = createScanner(workerData as Setup);
parentPort?.on('message', (message: Message) => {
  const reply = scanner.receive(message);
  if (reply) parentPort?.postMessage(reply);
});
