// The baseline: Bun's publish alone. Publishes what one socket sends to all others, unchanged.
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request, self) {
    return self.upgrade(request) ? undefined : new Response('WebSocket only', { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    message(ws, frame) {
      if (frame === 'subscribe') ws.subscribe('all');
      else server.publish('all', frame);
    },
  },
});

process.stdout.write(`ready at ${server.url.origin}\n`);
