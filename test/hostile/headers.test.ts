// The headers of every response that the compiled hub gives to a GET request: nothing is loaded, framed, guessed or stored.
import { beforeAll, describe, expect, test } from 'bun:test';
import { routeAccess } from '../../src/web/route-access.ts';
import { useSharedHub } from '../support/shared-hub.ts';

const hub = useSharedHub();
let commandId: string;
beforeAll(async () => {
  const agent = await hub.connectAgent();
  commandId = await hub.sendCommand(agent, '!<script>evil</script>');
  agent.run(commandId, '<script>evil</script>');
  await agent.waitForAcknowledged(commandId);
});

const routes = Object.keys(routeAccess)
  .filter((route) => /^GET \/(?!assets|favicon|ws)/.test(route))
  .map((route) => route.slice('GET '.length));

describe.each(routes)('injection and caches: %s', (route) => {
  test.each([true, false])('for a browser (fragment: %p)', async (isFragment) => {
    const path = route
      .replace('/commands/:id', `/commands/${commandId}`)
      .replace(/agents\/:\w+/, 'agents/agent')
      .replace(':username', 'admin')
      .replaceAll(/:\w+/g, 'unknown');
    const response = await fetch(hub.url + path, {
      redirect: 'manual',
      headers: {
        cookie: `signalbox=${hub.adminToken}`,
        ...(isFragment && { 'hx-request': 'true' }),
      },
    });
    const { headers } = response;
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBeOneOf(['no-referrer', 'same-origin']);
    const isHtml = headers.get('content-type')?.startsWith('text/html');
    if (isHtml) expect(await response.text()).not.toContain('<script>evil');
  });
});
