// The security headers of responses that are neither pages nor assets, wherever in the application they are created.
import { expect, test } from 'bun:test';
import { type TestHub, startTestHub } from '../support/hub/hub.ts';
import { sendRaw } from '../support/raw-http.ts';
import { requestPage } from './pages/helpers.ts';

const POLICY = "default-src 'none'; frame-ancestors 'none'";

function readHeaders({ headers }: { headers: Headers }) {
  return {
    policy: headers.get('content-security-policy'),
    type: headers.get('x-content-type-options'),
    cache: headers.get('cache-control'),
    referrer: headers.get('referrer-policy'),
  };
}

test.each<[string, number, (hub: TestHub) => Promise<Response>]>([
  ['a list of the API', 200, (hub) => hub.callApi('GET', '/agents')],
  ['an empty response', 204, (hub) => hub.callApi('DELETE', '/session')],
  ['an error of a handler', 404, (hub) => hub.callApi('GET', '/agents/unknown')],
  ['an invalid body', 400, (hub) => hub.callApi('POST', '/commands', { body: {} })],
  ['a request without a session', 401, (hub) => hub.callApi('GET', '/agents', { token: null })],
  ['an unknown endpoint', 404, (hub) => hub.callApi('GET', '/unknown')],
  ['a cross-site request', 403, (hub) => postFrom(hub, 'https://evil.example')],
  ['the health check', 200, (hub) => fetch(`${hub.url}/healthz`)],
  ['a socket without an upgrade', 426, (hub) => fetch(`${hub.url}/ws/dashboard`)],
  ['a redirect', 303, (hub) => requestPage(hub, '/')],
])('%s', async (_name, status, request) => {
  await using hub = await startTestHub();
  const response = await request(hub);
  expect(response.status).toBe(status);
  expect(readHeaders(response)).toEqual({
    policy: POLICY,
    type: 'nosniff',
    cache: 'no-store',
    referrer: 'no-referrer',
  });
});

const postFrom = (hub: TestHub, origin: string) =>
  fetch(`${hub.url}/api/v1/agents`, { method: 'POST', headers: { origin }, body: '{}' });

test('a request under another name', async () => {
  await using hub = await startTestHub();
  const response = await sendRaw(hub.url, 'GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n');
  expect(response.status).toBe(421);
  expect(response.head.toLowerCase()).toContain(`content-security-policy: ${POLICY}`);
});

test('pages and assets keep their own', async () => {
  await using hub = await startTestHub();
  const page = await requestPage(hub, '/', { role: 'viewer' });
  expect(readHeaders(page)).toEqual({
    policy: expect.stringMatching(/^default-src 'none'; script-src 'self'; [^,]*$/),
    type: 'nosniff',
    cache: 'no-store',
    referrer: 'same-origin',
  });
  const [, script = ''] = /src="([^"]+\.js)"/.exec(await page.text()) ?? [];
  expect((await requestPage(hub, script)).headers.get('cache-control')).toContain('immutable');
});
