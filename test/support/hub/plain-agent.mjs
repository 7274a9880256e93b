// An agent written from docs/protocol.md alone, with Node and the ws library: plain-agent.mjs URL ID TYPE, with its
// token in AGENT_TOKEN. It answers each command with three chunks of output and exit code 0.
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';

const [url, agentId, agentType] = process.argv.slice(2);
const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/agent`);
const send = (message) => socket.send(JSON.stringify({ version: '1.0.0', ...message }));

socket.on('open', () => {
  send({
    type: 'agent:connect',
    agentId,
    agentType,
    token: process.env.AGENT_TOKEN,
    capabilities: ['shell'],
    instanceId: randomUUID(),
  });
});

socket.on('message', (frame) => {
  const message = JSON.parse(frame.toString());
  if (message.type === 'agent:welcome') console.log('welcome');
  if (message.type !== 'command:execute') return;
  const { commandId, command } = message;
  const chunks = [`you said ${command}\n`, 'and a warning\n', 'done\n'];
  send({ type: 'command:started', commandId });
  for (const [sequence, data] of chunks.entries()) {
    const stream = sequence === 1 ? 'stderr' : 'stdout';
    send({ type: 'terminal:output', commandId, data, stream, sequence });
  }
  const lastSequence = chunks.length - 1;
  send({ type: 'command:finished', commandId, outcome: 'completed', exitCode: 0, lastSequence });
});

socket.on('close', () => process.exit(0));
