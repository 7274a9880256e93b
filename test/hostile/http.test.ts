// Malformed, ambiguous and oversized HTTP requests to the compiled hub. After each, it must still work.
import { describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import { openRaw, sendRaw } from '../support/raw-http.ts';
import { expectNoInternals, useSharedHub } from '../support/shared-hub.ts';

const hub = useSharedHub();

const exchange = (text: string) => openRaw(hub.url, text).closed;

const CRLF = '\r\n';
const BODY = '{"agentId":"evil","agentType":"claude"}';
const CHUNK = `${BODY.length.toString(16)}${CRLF}${BODY}${CRLF}0${CRLF}${CRLF}`;
/** A request that must never be answered: for a proxy, it is a part of the body before it. */
const SMUGGLED = `GET /healthz HTTP/1.1${CRLF}Host: 127.0.0.1${CRLF}${CRLF}`;
const LENGTH = `Content-Length: ${BODY.length}`;
const CHUNKED = 'Transfer-Encoding: chunked';

describe.each<[name: string, headers: string[], body: string, status?: number]>([
  ['Content-Length, then Transfer-Encoding', ['Content-Length: 5', CHUNKED], CHUNK],
  ['Transfer-Encoding, then Content-Length', [CHUNKED, 'Content-Length: 5'], CHUNK],
  ['two lengths', ['Content-Length: 0', LENGTH], BODY],
  ['a list of lengths', [`${LENGTH}, 0`], BODY],
  ['a negative length', ['Content-Length: -1'], ''],
  ['a length with a sign', ['Content-Length: +0'], ''],
  ['a hexadecimal length', ['Content-Length: 0x0'], ''],
  ['an empty length', ['Content-Length:'], ''],
  ['a length with a space', ['Content-Length: 0 0'], ''],
  ['a length beyond 64 bits', ['Content-Length: 18446744073709551616'], ''],
  ['a length beyond the limit', ['Content-Length: 1048577'], '', 413],
  ['an unknown encoding', ['Transfer-Encoding: xchunked'], CHUNK],
  ['the encoding identity', ['Transfer-Encoding: identity'], ''],
  ['two encodings', ['Transfer-Encoding: chunked, identity'], CHUNK],
  ['two encodings in two headers', [CHUNKED, 'Transfer-Encoding: identity'], CHUNK],
  ['a space before the colon', ['Transfer-Encoding : chunked', LENGTH], BODY],
  ['a vertical tab before the encoding', ['Transfer-Encoding:\vchunked'], CHUNK],
  ['a folded encoding', [`Transfer-Encoding:${CRLF} chunked`], CHUNK],
  ['a chunk size that is no number', [CHUNKED], CHUNK.replace(/^\w+/, 'zz')],
  ['a negative chunk size', [CHUNKED], CHUNK.replace(/^\w+/, '-1')],
  ['a chunk size with a prefix', [CHUNKED], CHUNK.replace(/^/, '0x')],
  ['a chunk size beyond 64 bits', [CHUNKED], CHUNK.replace(/^\w+/, '10000000000000027')],
  ['a chunk that is longer than its size', [CHUNKED], CHUNK.replace(/^\w+/, '3')],
  ['a chunk size with a bare line feed', [CHUNKED], CHUNK.replaceAll(CRLF, '\n')],
  ['a bare line feed in a chunk extension', [CHUNKED], CHUNK.replace(CRLF, `;a=b\nx${CRLF}`)],
])('request smuggling: %s', (_name, headers, body, status = 400) => {
  test('is rejected, and the connection is closed', async () => {
    const lines = [
      'POST /api/v1/agents HTTP/1.1',
      'Host: 127.0.0.1',
      `Authorization: ${hub.admin['authorization']}`,
      'Content-Type: application/json',
      ...headers,
    ];
    const text = await exchange(`${lines.join(CRLF)}${CRLF}${CRLF}${body}${SMUGGLED}`);
    expect(text.match(/HTTP\/1.1 \d+/g)).toEqual([`HTTP/1.1 ${status}`]);
    const response = await fetch(`${hub.url}/api/v1/agents`, { headers: hub.admin });
    expect(await response.json()).toMatchObject({ items: [] });
  });
});

const HEAD = `GET /healthz HTTP/1.1${CRLF}Host: 127.0.0.1${CRLF}`;
const INJECTION = 'header injection';
const MEMORY = 'memory';

test.each<[threat: string, name: string, text: string, status: number]>([
  [INJECTION, 'a folded header', `${HEAD}X: a${CRLF} b${CRLF}`, 400],
  [INJECTION, 'a bare line feed', `${HEAD}X: a\nY: b${CRLF}`, 400],
  [INJECTION, 'a bare carriage return', `${HEAD}X: a\rY: b${CRLF}`, 400],
  [INJECTION, 'NUL in a value', `${HEAD}X: a\0b${CRLF}`, 400],
  [INJECTION, 'NUL in a name', `${HEAD}X\0: a${CRLF}`, 400],
  [INJECTION, 'a space before the colon', `${HEAD}X : a${CRLF}`, 400],
  [INJECTION, 'a header without a name', `${HEAD}: a${CRLF}`, 400],
  [INJECTION, 'a header without a colon', `${HEAD}X${CRLF}`, 400],
  ['another protocol', 'HTTP/0.9', `GET /healthz${CRLF}`, 505],
  ['another protocol', 'HTTP/2', `PRI * HTTP/2.0${CRLF}${CRLF}SM${CRLF}`, 400],
  ['another protocol', 'TLS', `\x16\x03\x01\x02\0\x01${'x'.repeat(600)}${CRLF}`, 400],
  [MEMORY, 'a header of 20 KB', `${HEAD}X: ${'a'.repeat(20_000)}${CRLF}`, 431],
  [MEMORY, 'a header of 2 MB', `${HEAD}X: ${'a'.repeat(2_000_000)}${CRLF}`, 431],
  [MEMORY, '1,000 headers', `${HEAD}${`X: a${CRLF}`.repeat(1_000)}`, 431],
  ['unhandled errors', 'a target with a fragment', HEAD.replace('healthz', 'login#x'), 400],
  [MEMORY, 'a path of 20 KB', HEAD.replace('healthz', 'a'.repeat(20_000)), 431],
])(
  '%s: %s is rejected',
  async (_threat, _name, text, status) => {
    const response = await exchange(`${text}${CRLF}`);
    expect(response).toMatch(new RegExp(`^(HTTP/1.1 ${status}|$)`));
    expectNoInternals(response);
    // The hub closes some of these connections only once they have been idle for 10 s.
  },
  30_000,
);

test.each(['x:22', '127.0.0.1:22', 'x'])(
  'unhandled errors: CONNECT %s is rejected',
  async (target) => {
    const head = HEAD.replace('GET /healthz', `CONNECT ${target}`);
    const { status, body } = await sendRaw(hub.url, `${head}${CRLF}`);
    expect(status).toBeOneOf([303, 400]);
    expectNoInternals(body);
    expect(hub.output()).not.toContain('TypeError');
  },
);

test.each(['EVIL', 'get', 'TRACE', 'CONNECT', 'PROPFIND', 'MKCOL'])(
  'unknown method: %s has no effect',
  async (method) => {
    const head = HEAD.replace('GET', method);
    const { status, body } = await sendRaw(hub.url, `${head}Cookie: secret${CRLF}${CRLF}`);
    expect(status).toBeOneOf([0, 303, 400, 403, 404, 405]);
    expect(body).not.toContain('secret');
  },
);

describe('a path that avoids the check of permissions', () => {
  test.each([
    '/assets/../../../../etc/passwd',
    '/assets/..%2f..%2f..%2f..%2fetc%2fpasswd',
    '/assets/%2e%2e/api/v1/agents',
    '/assets/..\\..\\etc\\passwd',
    '/login/../api/v1/agents',
    '/login/%2e%2e/api/v1/agents',
    '/login%2f..%2fapi/v1/agents',
    '//api/v1/agents',
    '/api//v1/agents',
    '/api/v1/%61gents',
    '/%61pi/v1/agents',
    '/API/v1/agents',
    '/api%2fv1%2fagents',
    '\\api\\v1\\agents',
    '/api/v1/agents;x=y',
    '/api/v1/agents%00',
    '/api/v1/agents%20',
    '/api/v1/agents/.',
    '/healthz/../api/v1/agents',
    '/healthz%3f/../api/v1/agents',
    '/agents?/healthz',
    '/agents#/healthz',
    'http://127.0.0.1/api/v1/agents',
    'http://evil.example/api/v1/agents',
    'https://evil.example/agents',
    '//evil.example/agents',
    '/\\evil.example/agents',
    '/%0d%0aLocation:%20https://evil.example',
    '/%',
    '/%zz',
    '/%ff%fe',
    '/bun:info',
    '/_bun',
    '/_bun/client/x.js',
    '/_bun/unref',
    '/.env',
    '/src/main.ts',
    '/$bunfs/root/signalbox',
  ])('%s', async (path) => {
    const text = `GET ${path} HTTP/1.1${CRLF}Host: 127.0.0.1${CRLF}${CRLF}`;
    const { status, head, body } = await sendRaw(hub.url, text);
    expect(status).toBeOneOf([303, 400, 401, 404]);
    const location = /\r\nlocation: (.*)/i.exec(head)?.[1];
    if (location) expect(location).toMatch(/^\/login(\?next=%2F[^/\\]*)?$/);
    expectNoInternals(body);
    expect(body).not.toContain('items');
  });
});

test('slow clients: others are answered while 200 send their headers or body slowly', async () => {
  const { hostname, port } = new URL(hub.url);
  const head = `POST /api/v1/session HTTP/1.1${CRLF}Host: 127.0.0.1${CRLF}`;
  const body = `${head}Content-Type: application/json${CRLF}Content-Length: 30000${CRLF}${CRLF}{`;
  const sockets = Array.from({ length: 200 }, (_, index) => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.write(index % 2 ? head : body);
    return socket;
  });
  let slowest = 0;
  for (let i = 0; i < 50; i++) {
    for (const socket of sockets) socket.write('a');
    const startedAt = performance.now();
    expect((await fetch(`${hub.url}/api/v1/agents`, { headers: hub.admin })).status).toBe(200);
    slowest = Math.max(slowest, performance.now() - startedAt);
  }
  for (const socket of sockets) socket.destroy();
  expect(slowest).toBeLessThan(2_000);
});
