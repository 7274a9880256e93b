// Requests of one hub to another one, over the bus: they are answered once, or time out. A lost request or answer is a
// time-out.
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
  const topicOf = (id: string) => `hub.${id}`;

  async function handleRequest({ id, from, method, args }: Request) {
    let reply: Answer;
    try {
      reply = { type: 'answer', id, value: (await answer(method, args)) ?? null };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const code = error instanceof HubError ? error.code : null;
      reply = {
        type: 'answer',
        id,
        error: { code, message: error instanceof NotOwner ? NOT_OWNER : message },
      };
    }
    bus.publish(topicOf(from), reply);
  }

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
     * @throws {CallTimeout} if it does not answer in time
     * @throws {NotOwner} if it does not own the agent
     * @throws {HubError} what the other hub has answered
     */
    async call(to: string, method: string, args: unknown[], timeoutMs: number): Promise<unknown> {
      const id = crypto.randomUUID();
      const call = Promise.withResolvers<unknown>();
      pending.set(id, call);
      const cancelTimer = clock.after(timeoutMs, () =>
        call.reject(new CallTimeout(`Another hub has not answered for ${timeoutMs / 1_000} s.`)),
      );
      try {
        const request: Request = { type: 'request', id, from: hubId, method, args };
        bus.publish(topicOf(to), request);
        return await call.promise;
      } finally {
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
