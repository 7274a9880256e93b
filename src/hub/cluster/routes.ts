// What users ask of an agent is done by the hub that owns it. A route is a function that does it here or there; if the owner
// does not answer, or there is none, this hub becomes the owner.
import { HubError } from '../../protocol/errors.ts';
import type { ClusterStore } from '../../store/cluster.ts';
import type { Actor } from '../state/dashboard.ts';
import { type Calls, CallTimeout, NotOwner } from './calls.ts';
import type { Claims } from './claims.ts';
import type { Mirror } from './mirror.ts';
import { LOST, type SharedOwnership } from './ownership.ts';

/** How long a hub has to answer. */
const ANSWER_MS = 5_000;
/** How often a request is tried while the agent moves from hub to hub. */
const MAX_TRIES = 5;

type Handler = (...args: never[]) => unknown;

interface RouteOptions {
  /** Whether to become the owner if the owner does not answer. Only what may be done twice. */
  isRepeatable: boolean;
  /** How long the owner has to answer, in milliseconds. */
  answerMs?: number;
}

interface Others {
  calls: Calls;
  claims: Claims;
  mirror: Pick<Mirror, 'ownerOf' | 'forgetOwner'>;
}

export type Router = ReturnType<typeof createRouter>;

export function createRouter({
  cluster,
  hubId,
  ownership,
}: {
  cluster: ClusterStore;
  hubId: string;
  ownership: SharedOwnership;
}) {
  const handlers = new Map<string, { handler: Handler; isRepeatable: boolean }>();
  let others: Others | null = null;

  /**
   * Does something here.
   * @throws {NotOwner} if the agent moves to another hub before it is done, and it may be done again there
   * @throws {HubError} unavailable if it may not be done again
   */
  async function handle(
    agentId: string,
    { handler, isRepeatable }: { handler: Handler; isRepeatable: boolean },
    args: readonly unknown[],
  ) {
    const result = await ownership.untilLost(agentId, () => handler(...(args as never[])));
    if (result === LOST) throw isRepeatable ? new NotOwner() : unanswered(false);
    return result;
  }

  async function tryOnce(
    agentId: string,
    method: string,
    args: readonly unknown[],
    { isRepeatable, answerMs = ANSWER_MS }: RouteOptions,
  ): Promise<unknown> {
    const handler = handlers.get(method);
    if (!others || !handler) throw new Error('The hub has not started.');
    const { calls, claims, mirror } = others;
    const claiming = claims.inProgress(agentId);
    if (claiming) await claiming;
    if (ownership.owns(agentId)) return handle(agentId, handler, args);
    // Without a query in between, requests of one user arrive in order.
    let owner = mirror.ownerOf(agentId) ?? (await readOwner(agentId));
    // A claim whose commands could not be read is made again.
    if (owner?.hubId && owner.hubId !== hubId && owner.isOwned) {
      const asked = owner.hubId;
      try {
        return await calls.call(asked, method, [agentId, ...args.map(toPlain)], answerMs);
      } catch (error) {
        mirror.forgetOwner(agentId);
        if (!(error instanceof CallTimeout)) throw error;
        owner = await readOwner(agentId);
        // Another hub has taken over, and this one did not know it yet.
        if (isRepeatable && owner?.isOwned && owner.hubId !== asked) throw new NotOwner();
        // It may be slow, or frozen: another hub takes over when its lease has ended.
        if (!isRepeatable || owner?.isOwned) throw unanswered(isRepeatable);
      }
    }
    mirror.forgetOwner(agentId);
    const isClaimed = await claims.takeOver(agentId, owner?.epoch);
    throw !isClaimed && claims.isStopped() ? stopping() : new NotOwner();
  }

  async function readOwner(agentId: string) {
    try {
      return (await cluster.listStates([agentId]))[0];
    } catch (error) {
      throw others?.claims.isStopped() ? stopping() : error;
    }
  }

  return {
    connect(parts: Others) {
      others = parts;
    },
    /**
     * Does what another hub asks for.
     * @throws {NotOwner} if this hub does not own the agent
     * @throws {HubError} unavailable if this version does not know the method
     */
    async answer(method: string, [agentId, ...args]: unknown[]): Promise<unknown> {
      const handler = handlers.get(method);
      if (!handler || typeof agentId !== 'string') throw unsupported();
      const claiming = others?.claims.inProgress(agentId);
      if (claiming) await claiming;
      if (!ownership.owns(agentId)) throw new NotOwner();
      return handle(agentId, handler, args);
    },
    /**
     * Creates a function that calls `handler` on the hub that owns an agent.
     * @param agentOf finds the agent; undefined to call `handler` here
     */
    route<Args extends readonly unknown[], Result>(
      method: string,
      agentOf: (args: NoInfer<Args>) => string | undefined | Promise<string | undefined>,
      handler: (...args: Args) => Result | Promise<Result>,
      options: RouteOptions = { isRepeatable: true },
    ): (...args: Args) => Promise<Result> {
      handlers.set(method, { handler, isRepeatable: options.isRepeatable });
      return async (...args) => {
        const agentId = await agentOf(args);
        if (agentId === undefined) return handler(...args);
        for (let tries = 1; ; tries++) {
          try {
            return (await tryOnce(agentId, method, args, options)) as Result;
          } catch (error) {
            if (!(error instanceof NotOwner)) throw error;
            if (tries === MAX_TRIES) {
              throw new HubError('unavailable', 'The agent is moving to another hub. Try again.');
            }
          }
        }
      };
    },
  };
}

const stopping = () => new HubError('unavailable', 'This hub is stopping. Try again.');

const unsupported = () =>
  new HubError(
    'unavailable',
    'The hub of this agent has another version of Signalbox, which does not support this. Try again when all hubs have the same version.',
  );

const unanswered = (isRepeatable: boolean) =>
  new HubError(
    'unavailable',
    isRepeatable
      ? 'The hub of this agent does not answer. Try again in a few seconds.'
      : 'The hub of this agent does not answer. The request may have taken effect: check this before you try again.',
  );

/** A user is often a connection, of which only this is sent. */
function toPlain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('userId' in value) || !('role' in value)) {
    return value;
  }
  const { userId, role, agents, sessionId, address, apiTokenId } = value as Actor;
  return { userId, role, agents, sessionId, address, apiTokenId };
}
