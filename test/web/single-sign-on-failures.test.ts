// Single sign-on when the provider fails or is missing, and what protects the hub and other sites.
import { describe, expect, test } from 'bun:test';
import { startTestHub } from '../support/hub/hub.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { createWebBrowser } from '../support/web-browser.ts';
import { PASSWORD, signIn, startHubWithAdmin } from './helpers.ts';
import { requestPage } from './pages/helpers.ts';
import { expectFailure, locationOf, signInWith, startBoth } from './single-sign-on-helpers.ts';

describe('the provider fails:', () => {
  const settings = {
    name: 'Company SSO',
    clientId: 'c',
    clientSecret: 's',
    groupsClaim: 'groups',
    roles: {},
    defaultRole: 'viewer',
  } as const;

  test('it is down, and password sign-in still works', async () => {
    const provider = await startIdentityProvider({
      s1: { preferred_username: 'ada', groups: ['admins'] },
    });
    await provider[Symbol.asyncDispose]();
    await using hub = await startHubWithAdmin({ identityProvider: provider.settings });
    expect(await (await requestPage(hub, '/login?next=/history')).text()).toContain(
      'href="/login/oidc?next=%2Fhistory">Sign in with Company SSO',
    );
    const page = await expectFailure(requestPage(hub, '/login/oidc'), 503);
    expect(page).toContain('Company SSO cannot be reached. Try again later.');
    expect((await signIn(hub, { username: 'admin', password: PASSWORD })).status).toBe(200);
  });

  test('it starts later than the hub, and is asked again', async () => {
    await using provider = await startIdentityProvider({
      s1: { preferred_username: 'ada', groups: ['admins'] },
    });
    await using hub = await startHubWithAdmin({ identityProvider: provider.settings });
    await expectFailure(requestPage(hub, '/login/oidc'), 503);
    provider.connect(hub.url);
    expect((await requestPage(hub, '/login/oidc')).status).toBe(303);
  });

  test('it does not respond within 10 s', async () => {
    const asked = Promise.withResolvers<void>();
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: () => {
        asked.resolve();
        return new Promise<Response>(() => {});
      },
    });
    const issuer = `http://127.0.0.1:${server.port}`;
    await using hub = await startHubWithAdmin({ identityProvider: { ...settings, issuer } });
    const response = requestPage(hub, '/login/oidc');
    await asked.promise;
    hub.clock.advance(10_000);
    expect(await expectFailure(response, 503)).toContain('Company SSO cannot be reached.');
    await server.stop(true);
  });

  test('its response does not end', async () => {
    const block = new Uint8Array(65_536);
    let sent = 0;
    const server = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      fetch: () =>
        new Response(
          new ReadableStream({
            pull(controller) {
              sent += block.length;
              controller.enqueue(block);
            },
          }),
        ),
    });
    const issuer = `http://127.0.0.1:${server.port}`;
    await using hub = await startHubWithAdmin({ identityProvider: { ...settings, issuer } });
    const response = requestPage(hub, '/login/oidc');
    expect(await expectFailure(response, 503)).toContain('Company SSO cannot be reached.');
    expect(sent).toBeLessThan(64 * 1_048_576);
    await server.stop(true);
  });

  test.each(['javascript:alert(1)', 'not a URL', undefined])(
    'its authorization endpoint is %p',
    async (endpoint) => {
      const server = Bun.serve({
        hostname: '127.0.0.1',
        port: 0,
        fetch: ({ url }) =>
          Response.json({ issuer: new URL(url).origin, authorization_endpoint: endpoint }),
      });
      const issuer = `http://127.0.0.1:${server.port}`;
      await using hub = await startHubWithAdmin({ identityProvider: { ...settings, issuer } });
      const page = await expectFailure(requestPage(hub, '/login/oidc'), 503);
      expect(page).toContain('Company SSO is not configured correctly.');
      await server.stop(true);
    },
  );

  test('it is another issuer', async () => {
    await using both = await startBoth({}, { settings: { clientId: 'signalbox' } });
    const issuer = both.provider.issuer.replace('127.0.0.1', 'localhost');
    await using hub = await startHubWithAdmin({ identityProvider: { ...settings, issuer } });
    await expectFailure(requestPage(hub, '/login/oidc'), 503);
  });

  test('its ID token is signed with a key that it does not publish', async () => {
    const accounts = { s1: { preferred_username: 'ada', groups: ['admins'] } };
    await using both = await startBoth(accounts);
    both.provider.publishOtherKey();
    expect(await expectFailure(signInWith(both, 's1'), 400)).toContain('did not sign you in');
    expect(await both.hub.store.users.find('ada')).toBeUndefined();
  });

  test('the client secret is wrong', async () => {
    const accounts = { s1: { preferred_username: 'ada', groups: ['admins'] } };
    await using both = await startBoth(accounts, { settings: { clientSecret: 'wrong' } });
    expect(await expectFailure(signInWith(both, 's1'), 400)).toContain('did not sign you in');
  });
});

test('without a provider, there is no button and no route', async () => {
  await using hub = await startTestHub();
  expect(await (await requestPage(hub, '/login')).text()).not.toContain('oidc');
  for (const path of ['/login/oidc', '/login/oidc/callback']) {
    expect(await expectFailure(requestPage(hub, path), 404)).toContain('not set up');
  }
});

test('sign-ins are limited per address, and do not return to other sites', async () => {
  await using both = await startBoth({ s1: { preferred_username: 'ada', groups: ['admins'] } });
  const page = await signInWith(
    both,
    's1',
    createWebBrowser(),
    '/login/oidc?next=https://evil.example/',
  );
  expect(await page.text()).toContain('content="0; url=/"');
  for (let i = 1; i < 30; i++)
    expect((await requestPage(both.hub, '/login/oidc')).status).toBe(303);
  await expectFailure(requestPage(both.hub, '/login/oidc'), 429);
  both.hub.clock.advance(5_000);
  expect((await requestPage(both.hub, '/login/oidc')).status).toBe(303);
});

test('behind a proxy, the provider redirects to the public URL', async () => {
  const publicUrl = 'https://signalbox.example.com';
  await using both = await startBoth({}, { publicUrl });
  const started = await requestPage(both.hub, '/login/oidc');
  expect(new URL(locationOf(started)).searchParams.get('redirect_uri')).toBe(
    `${publicUrl}/login/oidc/callback`,
  );
  expect(started.headers.get('set-cookie')).toEndWith('; Secure');
});
