// A dashboard that knows only the session endpoint and the six messages of docs/data-model.md, with Node and the ws
// library: plain-dashboard.mjs URL USER PASSWORD AGENT COMMAND. It prints what it receives.
import { WebSocket } from 'ws';

const [url, username, password, agentId, command] = process.argv.slice(2);
const version = '1.0.0';

const session = await fetch(`${url}/api/v1/session`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ username, password }),
});
const { token } = await session.json();

const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/dashboard`);
const send = (message) => socket.send(JSON.stringify({ version, ...message }));
let commandId;

socket.on('open', () => {
  const clientInfo = { userAgent: 'plain', timezone: 'UTC' };
  send({ type: 'dashboard:connect', token, clientInfo });
});

socket.on('message', (frame) => {
  const message = JSON.parse(frame.toString());
  switch (message.type) {
    case 'agent:status':
      console.log(`agent ${message.agentId} ${message.status}`);
      if (message.agentId === agentId && message.status === 'online' && !commandId) {
        commandId = 'requested';
        send({ type: 'command:request', agentId, command, priority: 'normal' });
      }
      break;
    case 'command:status':
      commandId = message.commandId;
      console.log(`command ${message.status} ${message.exitCode ?? ''}`.trim());
      if (!['queued', 'running'].includes(message.status)) socket.close(1000);
      break;
    case 'terminal:output':
      console.log(`output ${message.sequence} ${message.stream} ${JSON.stringify(message.data)}`);
      break;
  }
});

socket.on('close', (code) => process.exit(code === 1000 ? 0 : 1));
