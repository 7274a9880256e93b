// Whether a system of hubs works for clients that use its public URL.
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

const ANSWER_MS = 2_000;

/** The response of `GET /readyz` of a hub that should receive requests. */
const Ready = Type.Object({ name: Type.Literal('signalbox'), ready: Type.Literal(true) });

/**
 * Asks through the load balancer whether a hub is ready, as a client that connects now would find out. No answer within 2 s counts as
 * no.
 */
export async function isSystemReady(publicUrl: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS);
    const response = await fetch(new URL('/readyz', publicUrl), { signal });
    return response.ok && Value.Check(Ready, await response.json());
  } catch {
    return false;
  }
}
