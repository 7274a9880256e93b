// The same fan-out with Socket.IO 4, on Bun and on Node, as an application writes it: an event to everybody in a room.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false });

io.on('connection', (socket) => {
  socket.on('subscribe', () => void socket.join('readers'));
  socket.on('output', (message) => io.to('readers').emit('output', message));
});
http.listen(0, '127.0.0.1', () => {
  process.stdout.write(`ready at http://127.0.0.1:${http.address().port}\n`);
});
