// Who may ask what of which agent: every command passes here first, from a socket, a page or the API.
import type {
  CommandAnswer,
  CommandBody,
  ComparisonAnswer,
  ComparisonBody,
} from '../protocol/api.ts';
import { whyNotRunnable } from '../protocol/capabilities.ts';
import { mayActAs } from '../protocol/entities.ts';
import { Refusal } from '../protocol/errors.ts';
import { QUEUE_LENGTH } from '../protocol/limits.ts';
import type { Actor } from './dashboard-connection.ts';
import type { Dispatcher } from './dispatcher.ts';
import { type Execution, revive, toStored } from './execution.ts';
import { createRequestIds } from './request-ids.ts';
import type { HubContext } from './state.ts';

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

  async function take(who: Actor, body: Asked): Promise<CommandAnswer> {
    const known = body.requestId && requestIds.find(who.userId, body.requestId);
    if (known) {
      const position = await known.position;
      return { commandId: known.commandId, agentId: known.agentId, position };
    }
    mustBeRunnable(body);
    const execution = createExecution(who, body);
    const position = dispatcher.accept(execution, store.commands.insert(toStored(execution)));
    if (body.requestId) requestIds.remember(who.userId, body.requestId, execution, position);
    try {
      return { commandId: execution.id, agentId: body.agentId, position: await position };
    } catch (error) {
      if (body.requestId) requestIds.forget(who.userId, body.requestId);
      storage.failed(error);
      throw new Refusal('unavailable', 'The hub cannot store commands now: try again soon.');
    }
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
      return await take(who, body);
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
      const asked = agentIds.map((agentId): Asked => {
        const requestId = `comparison:${comparisonId}:${agentId}`;
        return { ...body, agentId, comparisonId, requestId };
      });
      for (const one of asked) {
        const isKnown = one.requestId && requestIds.find(who.userId, one.requestId);
        if (!isKnown) mustBeRunnable(one);
      }
      const commands = await Promise.all(asked.map((one) => take(who, one)));
      return { comparisonId, commands };
    },
  };
}
