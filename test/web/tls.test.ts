// HTTPS: cookies, headers, and a certificate that is replaced while connections are open.
import { afterAll, describe, expect, test } from 'bun:test';
import { createAuthority, readFiles, readServedName } from '../support/certificates.ts';
import { connectDashboard } from '../support/hub/dashboard.ts';
import { startTestHub } from '../support/hub/hub.ts';
import { connectAgent } from '../support/hub/scripted-agent.ts';
import { pollUntil } from '../support/processes.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';
import { addAdmin, signIn, startHubWithAdmin } from './helpers.ts';

const folder = createTemporaryFolder();
const authority = createAuthority(folder.path);
const first = readFiles(authority.issue('first'));
const second = readFiles(authority.issue('second'));
afterAll(folder.remove);

const HSTS = 'strict-transport-security';
const get = (url: string, headers: Record<string, string> = {}) =>
  fetch(url, { headers, redirect: 'manual', tls: { rejectUnauthorized: false } });

describe('Strict-Transport-Security', () => {
  test.each(['/login', '/', '/unknown'])('is sent with %s over HTTPS', async (path) => {
    await using hub = await startTestHub({ certificate: first });
    expect((await get(`${hub.url}${path}`)).headers.get(HSTS)).toBe('max-age=31536000');
  });

  test('is sent behind a TLS proxy', async () => {
    await using hub = await startTestHub({ publicUrl: 'https://signalbox.example.com' });
    const response = await get(`${hub.url}/login`, { host: 'signalbox.example.com' });
    expect(response.headers.get(HSTS)).toBe('max-age=31536000');
  });

  test('is not sent over plain HTTP', async () => {
    await using hub = await startTestHub();
    expect((await get(`${hub.url}/login`)).headers.get(HSTS)).toBeNull();
  });

  test('is not sent for localhost, where it would apply to all local servers', async () => {
    await using hub = await startTestHub({ certificate: first });
    const response = await get(`https://localhost:${hub.port}/login`);
    expect([response.status, response.headers.get(HSTS)]).toEqual([200, null]);
  });
});

test('session cookies are Secure over HTTPS', async () => {
  await using hub = await startHubWithAdmin({ certificate: first });
  expect((await signIn(hub)).headers.get('set-cookie')).toContain('; Secure');
});

test('requests from the own HTTPS origin are accepted, and from others rejected', async () => {
  await using hub = await startTestHub({ certificate: first });
  await addAdmin(hub);
  const statusFrom = async (origin: string) =>
    (await hub.callApi('POST', '/session', { headers: { origin }, body: {} })).status;
  expect(await statusFrom(hub.url)).not.toBe(403);
  expect(await statusFrom('https://evil.example')).toBe(403);
});

describe('a replaced certificate', () => {
  test('is used for new connections', async () => {
    await using hub = await startTestHub({ certificate: first });
    for (const [name, certificate] of Object.entries({ second, first })) {
      hub.replaceCertificate(certificate);
      expect(await readServedName(hub.url)).toBe(name);
    }
  });

  test('does not close open sockets, and broadcasts reach old and new ones', async () => {
    await using hub = await startTestHub({ certificate: first });
    const agent = await connectAgent(hub);
    const early = await connectDashboard(hub);
    hub.replaceCertificate(second);
    const late = await connectDashboard(hub);
    for (const dashboard of [early, late]) {
      const commandId = await dashboard.request('!date');
      await agent.waitForExecute(commandId);
      agent.run(commandId, 'output');
      for (const each of [early, late]) await each.waitForOutput(commandId, 'output');
    }
    expect(hub.servers.countSockets()).toBe(3);
    agent.close();
    await early.waitForAgentStatus('offline');
    expect(hub.servers.countSockets()).toBe(2);
  });

  test('does not interrupt a request', async () => {
    await using hub = await startHubWithAdmin({ certificate: first });
    const pending = signIn(hub);
    await pollUntil(() => hub.app.server?.pendingRequests === 1);
    hub.replaceCertificate(second);
    expect((await pending).status).toBe(200);
  });

  test('that is invalid leaves the earlier one in use', async () => {
    await using hub = await startTestHub({ certificate: first });
    expect(() => hub.replaceCertificate({ ...first, key: second.key })).toThrow();
    expect(await readServedName(hub.url)).toBe('first');
    hub.replaceCertificate(second);
    expect(await readServedName(hub.url)).toBe('second');
  });

  test('stopping the hub closes the connections of all certificates', async () => {
    const hub = await startTestHub({ certificate: first });
    const early = await connectDashboard(hub);
    hub.replaceCertificate(second);
    const late = await connectDashboard(hub);
    await hub[Symbol.asyncDispose]();
    await early.closed;
    await late.closed;
    expect(await readServedName(hub.url).catch(() => 'closed')).toBe('closed');
  });
});
