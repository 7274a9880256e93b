// The same fan-out with ws, on Bun and on Node. Bun replaces the package with its own implementation of the interface.
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
const readers = new Set();

server.on('connection', (socket) => {
  socket.on('message', (bytes) => {
    if (bytes.toString('latin1', 0, 9) === 'subscribe') readers.add(socket);
    else for (const reader of readers) reader.send(bytes, { binary: false });
  });
  socket.on('close', () => readers.delete(socket));
});
server.on('listening', () => {
  process.stdout.write(`ready at http://127.0.0.1:${server.address().port}\n`);
});
