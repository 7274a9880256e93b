// The store of a hub that shares it with others: writes about an agent take effect only while this hub owns the agent.
import {
  type ClusterStore,
  FENCED_CODE,
  type Fence,
  isRead,
  type SharedStore,
} from '../../store/cluster.ts';
import type { StoredApproval } from '../../store/store.ts';
import type { ServerState } from '../state/server-state.ts';
import { fenceOfAttempt } from './attempts.ts';
import type { SharedOwnership } from './ownership.ts';

/** The tables whose writes name a command first. */
const TABLES_BY_COMMAND: ReadonlySet<string> = new Set(['output', 'turns', 'fileChanges']);

/** What any hub may do with the output of a command that has ended. */
const OPEN_METHODS: ReadonlySet<string> = new Set(['complete', 'remove']);

type Write = (...args: unknown[]) => Promise<unknown>;

/** More than can be on their way to the store. */
const MAX_REMEMBERED = 10_000;

/** Creates the function that finds the agent of a write; undefined if the write is not about an agent, or any hub may make it. */
export function createAgentFinder(
  state: ServerState,
  ofApproval: (approvalId: string) => string | undefined,
) {
  /** The agents of commands and approval requests about which something was written, the latest last. */
  const remembered = new Map<string, string>();

  /** What was lost is not in the state anymore, and the writes about it that are still on their way must fail. */
  function remember(id: string, agentId: string | undefined): string | undefined {
    const known = agentId ?? remembered.get(id);
    if (known === undefined) return undefined;
    remembered.delete(id);
    remembered.set(id, known);
    const [oldest] = remembered.keys();
    if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    return known;
  }

  const ofCommand = (commandId: unknown): string | undefined => {
    const id = String(commandId);
    const found = state.executions.get(id)?.agentId ?? state.terminalBuffers.get(id)?.agentId;
    return remember(id, found);
  };

  return (table: string, method: string, [first]: readonly unknown[]): string | undefined => {
    // Any hub may add a command: its owner finds it.
    if (table === 'commands') {
      if (method === 'update') return ofCommand(first);
      return method === 'reorder' ? ofCommand((first as readonly string[])[0]) : undefined;
    }
    if (table === 'approvals') {
      if (method === 'update') return remember(String(first), ofApproval(String(first)));
      if (method !== 'insert') return undefined;
      const { approvalId, agentId } = first as StoredApproval;
      return remember(approvalId, agentId);
    }
    return TABLES_BY_COMMAND.has(table) && !OPEN_METHODS.has(method) ? ofCommand(first) : undefined;
  };
}

export interface FencedStoreParts {
  state: ServerState;
  ownership: SharedOwnership;
  /** The agent of an approval request. */
  ofApproval: (approvalId: string) => string | undefined;
  /** Called with the agent that this hub has lost. */
  onFenced: (fence: Fence) => void;
}

/**
 * Returns a store whose writes carry fences. A write that is rejected because another hub owns the agent now stays pending, as
 * after a crash: what waits for it must not go on. So does one whose success is known only after the agent was lost: this hub
 * mirrors the agent by then, and publishes what is stored.
 */
export function createFencedStore(
  store: SharedStore,
  cluster: ClusterStore,
  { state, ownership, ofApproval, onFenced }: FencedStoreParts,
): SharedStore {
  const findAgent = createAgentFinder(state, ofApproval);
  const fenceOf = (table: string, method: string, args: readonly unknown[]) => {
    const agentId = findAgent(table, method, args);
    return agentId === undefined
      ? undefined
      : fenceOfAttempt(agentId, () => ownership.fenceOf(agentId));
  };
  const fenced = cluster.fenced(fenceOf);

  function guard(table: string, methods: object): object {
    return Object.fromEntries(
      Object.entries(methods).map(([method, call]) => [
        method,
        isRead(method) ? call : guardWrite(table, method, call as Write),
      ]),
    );
  }

  function guardWrite(table: string, method: string, write: Write): Write {
    return (...args) => {
      const fence = fenceOf(table, method, args);
      const result = write(...args);
      if (!fence) return result;
      return result.then(
        (value) => (ownership.fenceOf(fence.agentId).epoch === fence.epoch ? value : never()),
        (error: unknown) => {
          if ((error as { code?: unknown }).code !== FENCED_CODE) throw error;
          onFenced(fence);
          return never();
        },
      );
    };
  }

  const tables = Object.entries(fenced).map(([name, member]) => [
    name,
    typeof member === 'object' && name !== 'cluster' ? guard(name, member) : member,
  ]);
  // The users are cached, and cannot be fenced.
  return { ...(Object.fromEntries(tables) as SharedStore), users: store.users };
}

const never = () => new Promise(() => undefined);
