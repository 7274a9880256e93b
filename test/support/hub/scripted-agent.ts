// The agent's side of the protocol, driven by a test: it applies no rules of its own.
import type {
  AgentConnect,
  AgentToHub,
  CommandFinished,
  HeldCommand,
} from '../../../src/protocol/agent-to-hub.ts';
import { createDecoder } from '../../../src/protocol/codec.ts';
import type { OutputStream } from '../../../src/protocol/entities.ts';
import { type HubToAgent, hubToAgent } from '../../../src/protocol/hub-to-agent.ts';
import { type ClientSocket, openSocket, type SocketHandlers } from './client-socket.ts';
import type { TestHub } from './hub.ts';
import { openManualSocket } from './manual-socket.ts';
import { openProtocolClient } from './protocol-client.ts';

export type AgentConnectFields = Partial<Omit<AgentConnect, 'type' | 'version'>>;

export type ScriptedAgent = Awaited<ReturnType<typeof openAgent>>;

const decode = createDecoder(hubToAgent);

/** Opens the socket of an agent and sends nothing yet. */
export function openAgent({ wsUrl }: Pick<TestHub, 'wsUrl'>) {
  return openOn((handlers) => openSocket(`${wsUrl}/ws/agent`, handlers));
}

/** Connects an agent, adding it first unless a token is given; resolves once it has the welcome. */
export async function connectAgent(hub: TestHub, fields: AgentConnectFields = {}) {
  const token = fields.token ?? (await hub.addAgent(fields.agentId, fields.agentType));
  const agent = await openAgent(hub);
  agent.sendConnect({ ...fields, token });
  await agent.waitFor('agent:welcome');
  return { ...agent, token };
}

/** Connects an agent on a manual socket, which answers pings only when told to. */
export async function connectManualAgent(hub: TestHub, fields: AgentConnectFields = {}) {
  const token = fields.token ?? (await hub.addAgent(fields.agentId, fields.agentType));
  const agent = await openOn((handlers) => openManualSocket(`${hub.wsUrl}/ws/agent`, handlers));
  agent.sendConnect({ ...fields, token });
  await agent.waitFor('agent:welcome');
  return { ...agent, token };
}

/** Connects another instance of an agent; resolves while the hub waits for the first instance to answer a ping. */
export async function openOtherInstance(
  hub: TestHub,
  first: { token: string },
  fields: AgentConnectFields = {},
) {
  const other = await openAgent(hub);
  other.sendConnect({ token: first.token, instanceId: 'other', ...fields });
  await other.ping();
  return other;
}

/** Describes a command that a reconnecting agent holds: running and without output, unless `fields` override this. */
export function createHeldCommand(
  commandId: string,
  fields: Partial<HeldCommand> = {},
): HeldCommand {
  return {
    commandId,
    attempt: 1,
    firstSequence: 0,
    nextSequence: 0,
    lostBytes: 0,
    finished: false,
    ...fields,
  };
}

async function openOn<S extends ClientSocket>(open: (handlers: SocketHandlers) => Promise<S>) {
  const client = await openProtocolClient<HubToAgent, AgentToHub, S>('the agent', decode, open);
  const { send, ofType, waitFor } = client;
  const nextSequences = new Map<string, number>();

  function sendOutput(commandId: string, data: string, stream: OutputStream = 'stdout') {
    const sequence = nextSequences.get(commandId) ?? 0;
    nextSequences.set(commandId, sequence + 1);
    send({ type: 'terminal:output', commandId, data, stream, sequence });
  }

  function sendFinished(commandId: string, fields: Partial<CommandFinished> = {}) {
    send({
      type: 'command:finished',
      commandId,
      outcome: 'completed',
      exitCode: 0,
      lastSequence: (nextSequences.get(commandId) ?? 0) - 1,
      ...fields,
    });
  }

  return {
    ...client,
    sendConnect(fields: AgentConnectFields) {
      send({
        type: 'agent:connect',
        agentId: 'agent',
        agentType: 'claude',
        token: '',
        capabilities: ['prompt', 'shell'],
        instanceId: 'instance',
        journalId: 'journal',
        ...fields,
      });
    },
    sendStarted: (commandId: string) => send({ type: 'command:started', commandId }),
    /** Sends output with the agent's next sequence. */
    sendOutput,
    /** Sets the sequence of the next output. */
    setNextSequence: (commandId: string, sequence: number) =>
      void nextSequences.set(commandId, sequence),
    /** Sends the result of a command: completed, with exit code 0, unless `fields` override this. */
    sendFinished,
    /** Starts a command, sends its output and finishes it. */
    run(commandId: string, output = '') {
      send({ type: 'command:started', commandId });
      if (output !== '') sendOutput(commandId, output);
      sendFinished(commandId);
    },
    waitForExecute: (commandId: string, attempt = 1) =>
      waitFor(
        'command:execute',
        (message) => message.commandId === commandId && message.attempt === attempt,
      ),
    /** Returns the text of every command received, in order. */
    executedCommands: () => ofType('command:execute').map(({ command }) => command),
    waitForAcknowledged: (commandId: string) =>
      waitFor('command:acknowledged', (message) => message.commandId === commandId),
    /** Resolves once the hub has committed all output before this agent sequence. */
    waitForAck: (commandId: string, nextSequence: number) =>
      waitFor(
        'output:ack',
        (ack) => ack.commandId === commandId && ack.nextSequence >= nextSequence,
      ),
  };
}
