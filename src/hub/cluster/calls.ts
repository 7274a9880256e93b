// Requests of one hub to another one, over the bus. A bus may lose requests and answers, so a request is sent again until it is
// answered or times out. It is done once: what arrives again has the same answer.
import { Value } from '@sinclair/typebox/value';
import { ErrorCode, HubError } from '../../protocol/errors.ts';
import type { Clock } from '../../protocol/clock.ts';
import type { Bus } from '../../bus/bus.ts';
import { type Answer, type HubMessages, isAnswer, isRequest, type Request } from './messages.ts';

/** The other hub has not answered in time: whether it has done what it was asked to do is not known. */
export class CallTimeout extends Error {}

/** The hub that was asked does not own the agent. */
export class NotOwner extends Error {}
const NOT_OWNER = 'not_owner';

/** How often a request without an answer is sent again. */
export const REPEAT_MS = 1_000;
/** How long an answer is kept. Longer than any request waits for it. */
const KEEP_MS = 30_000;

/** What another hub has asked for. */
interface Received {
  request: Request;
  at: number;
  /** Null while it is being done. */
  answer: Answer | null;
}

export type Calls = ReturnType<typeof createCalls>;

/** @param answer does what another hub asks for */
export function createCalls(
  {
    bus,
    clock,
    hubId,
    messages,
  }: { bus: Bus; clock: Clock; hubId: string; messages: Pick<HubMessages, 'ignore'> },
  answer: (method: string, args: unknown[]) => Promise<unknown>,
) {
  const pending = new Map<string, PromiseWithResolvers<unknown>>();
  /** By the ID of the request, oldest first. */
  const received = new Map<string, Received>();
  const topicOf = (id: string) => `hub.${id}`;

  async function findAnswer({ id, method, args }: Request): Promise<Answer> {
    try {
      return { type: 'answer', id, value: (await answer(method, args)) ?? null };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      const code = error instanceof HubError ? error.code : null;
      const message = error instanceof NotOwner ? NOT_OWNER : text;
      return { type: 'answer', id, error: { code, message } };
    }
  }

  async function handleRequest(request: Request) {
    const { id, from } = request;
    const known = received.get(id);
    if (known) {
      if (known.answer) bus.publish(topicOf(from), known.answer);
      return;
    }
    if (request.isRepeated && isOvertaken(request)) return;
    const at = clock.monotonic();
    for (const [old, { at: oldAt }] of received) {
      if (oldAt > at - KEEP_MS) break;
      received.delete(old);
    }
    const entry: Received = { request, at, answer: null };
    received.set(id, entry);
    entry.answer = await findAnswer(request);
    bus.publish(topicOf(from), entry.answer);
  }

  /** Whether a later request of the same hub about the same agent has arrived, so that this one would be out of order. */
  const isOvertaken = ({ id, from, args: [agentId] }: Request) =>
    received
      .values()
      .some(
        ({ request: other }) => other.id > id && other.from === from && other.args[0] === agentId,
      );

  function handleAnswer(reply: Answer) {
    const call = pending.get(reply.id);
    if (!call) return;
    if ('value' in reply) return call.resolve(reply.value);
    const { code, message } = reply.error;
    if (code !== null) return call.reject(new HubError(toKnownCode(code), message));
    call.reject(message === NOT_OWNER ? new NotOwner() : new Error(message));
  }

  const unsubscribe = bus.subscribe(topicOf(hubId), (message) => {
    if (isRequest.Check(message)) void handleRequest(message);
    else if (isAnswer.Check(message)) handleAnswer(message);
    else messages.ignore(topicOf('*'));
  });

  return {
    /**
     * Asks another hub.
     * @param args the first one is the ID of the agent
     * @throws {CallTimeout} if it does not answer in time
     * @throws {NotOwner} if it does not own the agent
     * @throws {HubError} what the other hub has answered
     */
    async call(to: string, method: string, args: unknown[], timeoutMs: number): Promise<unknown> {
      // IDs are in the order of the calls.
      const id = Bun.randomUUIDv7();
      const request: Request = { type: 'request', id, from: hubId, method, args };
      const call = Promise.withResolvers<unknown>();
      pending.set(id, call);
      const stopRepeating = clock.every(REPEAT_MS, () =>
        bus.publish(topicOf(to), { ...request, isRepeated: true }),
      );
      const cancelTimer = clock.after(timeoutMs, () =>
        call.reject(new CallTimeout(`Another hub has not answered for ${timeoutMs / 1_000} s.`)),
      );
      try {
        bus.publish(topicOf(to), request);
        return await call.promise;
      } finally {
        stopRepeating();
        cancelTimer();
        pending.delete(id);
      }
    },
    close: unsubscribe,
  };
}

/** A later version can have codes that this one does not know. The message says what happened. */
const toKnownCode = (code: string): ErrorCode =>
  Value.Check(ErrorCode, code) ? code : 'unavailable';
