import { health } from '@affinis/contracts';
import { type AskContext, limitsOf } from './ask.ts';
import type { CallOptions } from './options.ts';

/** `unknown`: the server has no such service. */
export type ServingState = 'serving' | 'not-serving' | 'unknown';

/** `service`: `''` for the server as a whole, `affinis.v1.Embedder`, `pipelines/face`. */
export async function checkHealth(
  { transport, settings }: AskContext,
  service = '',
  options: CallOptions = {},
): Promise<ServingState> {
  const response = await transport.unary(health.HealthService.check, { service }, limitsOf(settings, options));
  return stateOf(response);
}

/** The state now and at each change, until the loop is left or the connection fails. */
export async function* watchHealth(
  { transport }: AskContext,
  service = '',
  { signal }: Pick<CallOptions, 'signal'> = {},
): AsyncGenerator<ServingState> {
  for await (const response of transport.serverStream(health.HealthService.watch, { service }, { signal }))
    yield stateOf(response);
}

function stateOf({ status }: health.HealthCheckResponse): ServingState {
  const { SERVING, NOT_SERVING } = health.HealthCheckResponse_ServingStatus;
  return status === SERVING ? 'serving' : status === NOT_SERVING ? 'not-serving' : 'unknown';
}
