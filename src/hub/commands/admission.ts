// Who may ask what of which agent: every command passes here first, from a socket, a page or the API.
import type {
  CommandAnswer,
  CommandBody,
  ComparisonAnswer,
  ComparisonBody,
} from '../../protocol/api.ts';
import { whyNotRunnable } from '../../protocol/capabilities.ts';
import { mayActAs } from '../../protocol/entities.ts';
import { Refusal } from '../../protocol/errors.ts';
import { QUEUE_LENGTH } from '../../protocol/limits.ts';
import type { Actor } from '../state/dashboard.ts';
import type { Dispatcher } from './dispatcher.ts';
import { type Execution, revive, toStored } from '../state/execution.ts';
import { createRequestIds } from './idempotency.ts';
import type { HubContext } from '../state/server-state.ts';

/** A command, and the comparison it belongs to. */
type Asked = CommandBody & { comparisonId?: string };

export type Admission = ReturnType<typeof createAdmission>;

export function createAdmission(context: HubContext, dispatcher: Dispatcher) {
  const { state, store, clock, settings, storage } = context;
  const requestIds = createRequestIds(clock);

  /** Throws where the command cannot be taken now. */
  function mustBeRunnable({ agentId, command, timeoutMs = 0 }: CommandBody) {
    const agent = state.agents.get(agentId);
    if (!agent) throw new Refusal('agent_unknown', `There is no agent "${agentId}".`);
    if (!agent.link) throw new Refusal('agent_offline', `${agentId} is offline.`);
    const flaw = whyNotRunnable(command, agent.capabilities);
    if (flaw !== null) throw new Refusal('invalid_command', flaw);
    const longest = settings.maxCommandTimeoutMs;
    if (timeoutMs > longest) {
      throw new Refusal('invalid_command', `The time-out may be at most ${longest / 1000} s.`);
    }
    if (dispatcher.waitingFor(agentId) >= QUEUE_LENGTH) {
      throw new Refusal('queue_full', `${QUEUE_LENGTH} commands wait for ${agentId} already.`);
    }
  }

  function createExecution(who: Actor, body: Asked): Execution {
    return revive({
      id: Bun.randomUUIDv7(),
      agentId: body.agentId,
      command: body.command,
      priority: body.priority ?? 'normal',
      status: 'queued',
      requestedBy: who.userId,
      requestedAt: clock.now(),
      startedAt: null,
      completedAt: null,
      exitCode: null,
      signal: null,
      session: body.session ?? 'continue',
      timeoutMs: body.timeoutMs ?? settings.commandTimeoutMs,
      error: null,
      comparisonId: body.comparisonId ?? null,
      conversationId: null,
      usage: null,
      changes: null,
      requestId: body.requestId ?? null,
      attempt: 0,
      sent: false,
      journalId: null,
      agentNextSequence: 0,
      lastSequence: null,
      totalBytes: null,
    });
  }

  function mustBeOperator({ role }: Actor) {
    if (mayActAs(role, 'operator')) return;
    throw new Refusal('forbidden', 'Your role may watch, but not send commands.');
  }

  /** Takes commands: all of them, with one write, or none. */
  async function take(who: Actor, asked: readonly Asked[]): Promise<CommandAnswer[]> {
    const wanted = asked.map((body) => ({
      body,
      known: body.requestId ? requestIds.find(who.userId, body.requestId) : undefined,
    }));
    for (const { body, known } of wanted) if (!known) mustBeRunnable(body);
    const fresh = wanted.flatMap(({ body, known }) => (known ? [] : [createExecution(who, body)]));
    const committed = store.commands.insert(...fresh.map((execution) => toStored(execution)));
    const accepted = new Map(
      fresh.map((execution) => {
        const position = dispatcher.accept(execution, committed);
        const { id: commandId, agentId, requestId } = execution;
        if (requestId) requestIds.remember(who.userId, requestId, execution, position);
        return [agentId, { commandId, agentId, position }];
      }),
    );
    try {
      return await Promise.all(
        wanted.map(async ({ body, known }) => {
          const taken = known ?? accepted.get(body.agentId);
          if (!taken) throw new Error('nothing was taken');
          const { commandId, agentId, position } = taken;
          return { commandId, agentId, position: await position };
        }),
      );
    } catch (error) {
      for (const { requestId } of fresh) if (requestId) requestIds.forget(who.userId, requestId);
      storage.failed(error);
      throw new Refusal('unavailable', 'The hub cannot store commands now: try again soon.');
    }
  }

  /** The same name is the same comparison: of another command, or by somebody else, it is none. */
  async function mustBeOurs(who: Actor, comparisonId: string, command: string) {
    const { items } = await store.commands.page({ comparisonId });
    const isOurs = items.every((one) => one.command === command && one.requestedBy === who.userId);
    if (isOurs) return;
    throw new Refusal(
      'invalid_message',
      'There is another comparison of this name: take a new one.',
    );
  }

  return {
    /** Remembers a request of an earlier run, so that it is not taken twice. */
    remember: requestIds.remember,
    /**
     * Takes a command: fulfilled once it is committed and queued.
     * The same `requestId` from the same user answers with the same command for 24 hours.
     * @throws {Refusal} forbidden, agent_unknown, agent_offline, invalid_command, queue_full, unavailable
     */
    async request(who: Actor, body: CommandBody): Promise<CommandAnswer> {
      mustBeOperator(who);
      const [answer] = await take(who, [body]);
      if (!answer) throw new Error('nothing was taken');
      return answer;
    },
    /**
     * Takes the same command for several agents: for all of them, or, where one of them cannot take it, for none.
     * The same `comparisonId` from the same user answers with the same commands for 24 hours.
     * @throws {Refusal} as `request`
     */
    async compare(
      who: Actor,
      { agentIds, comparisonId = Bun.randomUUIDv7(), ...body }: ComparisonBody,
    ): Promise<ComparisonAnswer> {
      mustBeOperator(who);
      await mustBeOurs(who, comparisonId, body.command);
      const asked = agentIds.map((agentId): Asked => {
        const requestId = `comparison:${comparisonId}:${agentId}`;
        return { ...body, agentId, comparisonId, requestId };
      });
      return { comparisonId, commands: await take(who, asked) };
    },
  };
}
