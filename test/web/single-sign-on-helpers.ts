// A hub with single sign-on, its real provider, and a browser that signs in.
import { expect } from 'bun:test';
import type { IdentityProviderSettings } from '../../src/web/identity-provider.ts';
import type { TestHubOptions } from '../support/hub/hub.ts';
import { type Accounts, startIdentityProvider } from '../support/identity-provider.ts';
import { createWebBrowser } from '../support/web-browser.ts';
import { startHubWithAdmin } from './helpers.ts';

/** Starts a provider and a hub that uses it. */
export async function startBoth(
  accounts: Accounts,
  {
    settings = {},
    ...options
  }: TestHubOptions & { settings?: Partial<IdentityProviderSettings> } = {},
) {
  const provider = await startIdentityProvider(accounts);
  const identityProvider = { ...provider.settings, ...settings };
  const hub = await startHubWithAdmin({ ...options, identityProvider });
  provider.connect(options.publicUrl ?? hub.url);
  return {
    provider,
    hub,
    async [Symbol.asyncDispose]() {
      await hub[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    },
  };
}

export type Both = Awaited<ReturnType<typeof startBoth>>;

export const locationOf = (response: Response) => response.headers.get('location') ?? '';

/** Signs in at the provider. Returns the URL to which it redirects. */
export async function signInAtProvider(
  { hub, provider }: Both,
  subject: string,
  { browser = createWebBrowser(), path = '/login/oidc', change = (url: string) => url } = {},
): Promise<string> {
  provider.choose(subject);
  const started = await browser.get(hub.url + path);
  expect([started.status, locationOf(started)]).toEqual([
    303,
    expect.stringContaining(`${provider.issuer}/auth?`),
  ]);
  return browser.followTo(hub.url, change(locationOf(started)));
}

export async function signInWith(
  both: Both,
  subject: string,
  browser = createWebBrowser(),
  path?: string,
) {
  const callback = await signInAtProvider(both, subject, { browser, ...(path && { path }) });
  return browser.get(callback);
}

/** Expects the page that says why the user is not signed in. Returns its text. */
export async function expectFailure(pending: Response | Promise<Response>, status: number) {
  const response = await pending;
  const page = await response.text();
  expect([response.status, page]).toEqual([status, expect.stringContaining('Not signed in')]);
  expect(response.headers.getSetCookie().filter((line) => line.startsWith('signalbox='))).toEqual(
    [],
  );
  return page;
}
