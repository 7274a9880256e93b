// The agent's side of the protocol, played by a test: it keeps no rules of its own.
import {
  type AgentConnect,
  type AgentToHub,
  type CommandFinished,
} from '../../../src/protocol/agent-to-hub.ts';
import { createDecoder, encode } from '../../../src/protocol/codec.ts';
import type { OutputStream } from '../../../src/protocol/entities.ts';
import { type HubToAgent, hubToAgent } from '../../../src/protocol/hub-to-agent.ts';
import type { Unversioned } from '../../../src/protocol/message.ts';
import type { TestHub } from './hub.ts';
import { createInbox } from './inbox.ts';
import { openBareWire, openWire, type Wire } from './wire.ts';

const decode = createDecoder(hubToAgent);

export type AgentHello = Partial<Omit<AgentConnect, 'type' | 'version'>>;
/** Opens an agent's socket and says nothing yet. */
export async function openAgent(hub: Pick<TestHub, 'wsUrl'>) {
  const { inbox, on } = createEars();
  return playerOn(await openWire(`${hub.wsUrl}/ws/agent`, on), inbox);
}

/** Adds an agent and connects it; resolves once it is welcomed. */
export async function connectAgent(hub: TestHub, hello: AgentHello = {}) {
  const token = hello.token ?? (await hub.addAgent(hello.agentId, hello.agentType));
  const agent = await openAgent(hub);
  agent.hello({ ...hello, token });
  await agent.find('agent:welcome');
  return { ...agent, token };
}

/** The same over bare TCP: it answers pings only when it is told to. */
export async function connectBareAgent(hub: TestHub, hello: AgentHello = {}) {
  const token = hello.token ?? (await hub.addAgent(hello.agentId, hello.agentType));
  const { inbox, on } = createEars();
  const wire = await openBareWire(`${hub.wsUrl}/ws/agent`, on);
  const agent = playerOn(wire, inbox);
  agent.hello({ ...hello, token });
  await agent.find('agent:welcome');
  return { ...agent, token, wire };
}

function createEars() {
  const inbox = createInbox<HubToAgent>('the agent');
  return {
    inbox,
    on: {
      frame(frame: string | Uint8Array) {
        const decoded = decode(frame);
        if (!decoded.ok) throw new Error(`the hub sent nonsense: ${decoded.reason}`);
        inbox.take(decoded.message);
      },
      closed: inbox.end,
    },
  };
}

function playerOn(wire: Wire, inbox: ReturnType<typeof createInbox<HubToAgent>>) {
  const send = (body: Unversioned<AgentToHub>) => wire.send(encode<AgentToHub>(body));
  const sequences = new Map<string, number>();

  function output(commandId: string, data: string, stream: OutputStream = 'stdout') {
    const sequence = sequences.get(commandId) ?? 0;
    sequences.set(commandId, sequence + 1);
    send({ type: 'terminal:output', commandId, data, stream, sequence });
  }

  function finish(commandId: string, result: Partial<CommandFinished> = {}) {
    send({
      type: 'command:finished',
      commandId,
      outcome: 'completed',
      exitCode: 0,
      lastSequence: (sequences.get(commandId) ?? 0) - 1,
      ...result,
    });
  }

  return {
    ...wire,
    received: inbox.received,
    closed: inbox.closed,
    find: inbox.find,
    ofType: inbox.ofType,
    when: inbox.when,
    say: send,
    hello(hello: AgentHello) {
      send({
        type: 'agent:connect',
        agentId: 'agent',
        agentType: 'claude',
        token: '',
        capabilities: ['prompt', 'shell'],
        instanceId: 'instance',
        journalId: 'journal',
        ...hello,
      });
    },
    /** Resolves when the hub hands this command over, for this attempt. */
    given: (commandId: string, attempt = 1) =>
      inbox.find(
        'command:execute',
        (given) => given.commandId === commandId && given.attempt === attempt,
      ),
    /** The commands the hub has handed over, in order. */
    commands: () => inbox.ofType('command:execute').map(({ command }) => command),
    started: (commandId: string) => send({ type: 'command:started', commandId }),
    /** Sends output with the agent's next sequence. */
    output,
    /** Goes on numbering output from here. */
    goOnFrom: (commandId: string, sequence: number) => void sequences.set(commandId, sequence),
    finish,
    /** Starts a command and ends it at once. */
    run(commandId: string, text = '') {
      send({ type: 'command:started', commandId });
      if (text !== '') output(commandId, text);
      finish(commandId);
    },
    acknowledged: (commandId: string) =>
      inbox.find('command:acknowledged', (message) => message.commandId === commandId),
    /** Resolves once output before this sequence of the agent's is committed. */
    acked: (commandId: string, nextSequence: number) =>
      inbox.find(
        'output:ack',
        (ack) => ack.commandId === commandId && ack.nextSequence >= nextSequence,
      ),
  };
}
