// Requests that a page of another site makes with a visitor's session, to the compiled hub.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { addAgent, signInToApi, startHubBinary } from '../support/binary.ts';
import { sendRaw } from '../support/raw-http.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

const folder = createTemporaryFolder();
let hub: Awaited<ReturnType<typeof startHubBinary>>;
let admin: Record<string, string>;
let cookie: string;
beforeAll(async () => {
  hub = await startHubBinary(join(folder.path, 'data'));
  admin = await signInToApi(hub.url);
  cookie = `signalbox=${admin['authorization']!.slice('Bearer '.length)}`;
  await addAgent(hub.url, 'agent', 'claude', admin);
});
afterAll(async () => {
  hub.kill('SIGTERM');
  await hub.exited;
  folder.remove();
});

const CRLF = '\r\n';
const FORM = 'agentId=evil&agentType=claude';
const JSON_BODY = JSON.stringify({ agentId: 'evil', agentType: 'claude' });
const MULTIPART = ['agentId', 'agentType']
  .map((name) => `--b${CRLF}Content-Disposition: form-data; name="${name}"${CRLF}${CRLF}claude`)
  .join(CRLF)
  .concat(`${CRLF}--b--${CRLF}`);
const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** Everything that a page can make a browser send. */
const attacks: [line: string, contentType: string, body: string][] = [
  ['POST /agents', 'application/x-www-form-urlencoded', FORM],
  ['POST /agents', 'multipart/form-data; boundary=b', MULTIPART],
  ['POST /agents', 'text/plain', FORM],
  ['POST /api/v1/agents', 'application/json', JSON_BODY],
  ['POST /api/v1/agents', 'text/plain', JSON_BODY],
  ['POST /api/v1/agents', 'application/x-www-form-urlencoded', FORM],
  ['POST /api/v1/agents', 'multipart/form-data; boundary=b', MULTIPART],
  ['POST /api/v1/agents', '', JSON_BODY],
  ['PATCH /api/v1/agents/agent', 'application/json', '{"labels":["evil"]}'],
  ['DELETE /api/v1/agents/agent', '', ''],
  ['POST /agents/agent/remove', 'application/x-www-form-urlencoded', ''],
  ['POST /agents/agent/commands', 'application/x-www-form-urlencoded', 'command=!id'],
  ['POST /login', 'application/x-www-form-urlencoded', 'username=evil&password=evil'],
  ['POST /logout', 'application/x-www-form-urlencoded', ''],
  ['DELETE /api/v1/session', '', ''],
  ['GET /ws/dashboard', '', ''],
  ['GET /ws/agent', '', ''],
];

async function send([line, contentType, body]: (typeof attacks)[number], headers: string[]) {
  const { host } = new URL(hub.url);
  const lines = [
    `${line} HTTP/1.1`,
    `Host: ${host}`,
    `Cookie: ${cookie}`,
    ...headers.map((header) => header.replaceAll('HOST', host)),
    ...(line.includes('/ws/') ? UPGRADE : [`Content-Length: ${body.length}`]),
    ...(contentType ? [`Content-Type: ${contentType}`] : []),
  ];
  return sendRaw(hub.url, `${lines.join(CRLF)}${CRLF}${CRLF}${body}`);
}

/** Headers of a request by a page of another site. HOST is the hub's address with its port. */
const foreign: [threat: string, headers: string[]][] = [
  ['another site', ['Origin: https://evil.example']],
  [
    'another site that claims to be this one',
    ['Origin: https://evil.example', 'Sec-Fetch-Site: same-origin'],
  ],
  ['a sandboxed frame or a file', ['Origin: null']],
  ['another port of this machine', ['Origin: http://127.0.0.1:1']],
  ['the default port of this machine', ['Origin: http://127.0.0.1']],
  ['another scheme', ['Origin: ftp://HOST']],
  ['an extension', ['Origin: chrome-extension://HOST']],
  ['a socket as the origin', ['Origin: ws://HOST']],
  ['a subdomain of this name', ['Origin: http://evil.HOST']],
  ['a name that begins with this one', ['Origin: http://HOST.evil.example']],
  ['a name that ends with this one', ['Origin: http://evilHOST']],
  ['a port that begins with this one', ['Origin: http://HOST0']],
  ['another name of this machine', ['Origin: http://localhost:7420']],
  ['uppercase', ['Origin: HTTP://HOST']],
  ['a trailing dot', ['Origin: http://127.0.0.1.:7420']],
  ['userinfo', ['Origin: http://HOST@evil.example']],
  ['userinfo before this name', ['Origin: http://evil.example@HOST']],
  ['a path', ['Origin: http://HOST/']],
  ['this machine in IPv6', ['Origin: http://[::1]:7420']],
  ['this address in IPv6', ['Origin: http://[::ffff:127.0.0.1]:7420']],
  ['an integer address', ['Origin: http://2130706433:7420']],
  ['an empty origin', ['Origin:']],
  ['an empty origin that claims to be this one', ['Origin:', 'Sec-Fetch-Site: same-origin']],
  ['several origins in one header', ['Origin: http://HOST http://evil.example']],
  ['several origins, separated', ['Origin: http://HOST, http://evil.example']],
  ['two origins, this one first', ['Origin: http://HOST', 'Origin: http://evil.example']],
  ['two origins, this one last', ['Origin: http://evil.example', 'Origin: http://HOST']],
  ['no origin, cross-site', ['Sec-Fetch-Site: cross-site']],
  ['no origin, same-site', ['Sec-Fetch-Site: same-site']],
  ['no origin, unknown site', ['Sec-Fetch-Site: other']],
  ['no origin, two sites', ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site']],
  ['a Referer of this site', ['Origin: https://evil.example', 'Referer: http://HOST/']],
  ['a forwarded host', ['Origin: https://evil.example', 'X-Forwarded-Host: evil.example']],
  ['a method override', ['Origin: https://evil.example', 'X-HTTP-Method-Override: GET']],
  ['htmx', ['Origin: https://evil.example', 'HX-Request: true']],
];

describe.each(foreign)('a request from %s', (_threat, headers) => {
  test('is blocked and has no effect', async () => {
    for (const attack of attacks) {
      const { status, head, body } = await send(attack, headers);
      expect([attack, status]).toEqual([attack, 403]);
      expect(body).toContain('Cross-site request blocked.');
      expect(head).not.toMatch(/set-cookie|access-control-allow/i);
    }
    const response = await fetch(`${hub.url}/api/v1/agents`, { headers: admin });
    expect(await response.json()).toMatchObject({ items: [{ agentId: 'agent', labels: [] }] });
  });
});

test.each(['GET', 'OPTIONS'])('another site cannot read responses to %s', async (method) => {
  for (const path of ['/api/v1/agents', '/', '/healthz', '/audit.csv', '/assets/x']) {
    const headers = ['Origin: https://evil.example', 'Access-Control-Request-Method: POST'];
    const { head } = await send([`${method} ${path}`, '', ''], headers);
    expect(head).not.toMatch(/access-control-allow/i);
  }
});

test.each([
  ['a page of the hub', ['Origin: http://HOST', 'Sec-Fetch-Site: same-origin']],
  ['a page of the hub behind a TLS proxy', ['Origin: https://HOST']],
  ['the address bar', ['Sec-Fetch-Site: none']],
  ['a program', []],
])('a request from %s passes', async (_client, headers) => {
  const [, , , json, ...others] = attacks;
  expect((await send(json!, headers)).status).toBe(201);
  const path = 'DELETE /api/v1/agents/evil';
  expect((await send([path, '', ''], headers)).status).toBe(204);
  for (const socket of others.slice(-2)) expect((await send(socket, headers)).status).toBe(101);
});
