// Single sign-on in a browser, with the compiled executable and a provider on another site.
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { startHubBinary } from '../support/binary.ts';
import { launchBrowser } from '../support/browser/browser.ts';
import { startIdentityProvider } from '../support/identity-provider.ts';
import { createTemporaryFolder } from '../support/temporary-folder.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser.close());

test('a user signs in, returns to the requested page, and stays signed in', async () => {
  const folder = createTemporaryFolder();
  // `localhost` is another site than 127.0.0.1, so that the session cookie is not sent on redirects from it.
  await using provider = await startIdentityProvider(
    {
      s1: { preferred_username: 'Ada', groups: ['developers'] },
      s2: { preferred_username: 'eve' },
    },
    'localhost',
  );
  const hub = await startHubBinary(
    join(folder.path, 'data'),
    [
      `--oidc-issuer=${provider.issuer}`,
      `--oidc-client-id=${provider.clientId}`,
      '--oidc-name=Company SSO',
      '--oidc-role=developers=operator',
    ],
    { SIGNALBOX_OIDC_CLIENT_SECRET: provider.clientSecret },
  );
  expect(readFileSync(`/proc/${hub.pid}/environ`, 'utf8')).not.toContain(provider.clientSecret);
  provider.connect(hub.url);
  provider.choose('s1');
  const context = await browser.newContext();
  const page = await context.newPage();

  await page.goto(`${hub.url}/history?q=tests`);
  await page.getByRole('link', { name: 'Sign in with Company SSO' }).click();
  await page.waitForURL(`${hub.url}/history?q=tests`);
  expect(await page.getByRole('link', { name: 'Account of ada' }).innerText()).toContain(
    'operator',
  );
  await page.goto(`${hub.url}/account`);
  await page.getByText('Your identity provider manages').waitFor();

  provider.choose('s2');
  const other = await (await browser.newContext()).newPage();
  await other.goto(`${hub.url}/login`);
  await other.getByRole('link', { name: 'Sign in with Company SSO' }).click();
  await other.getByText('You are not in a group that can use this hub.').waitFor();
  await other.getByRole('link', { name: 'Back to sign-in' }).click();
  await other.waitForURL(`${hub.url}/login`);

  hub.kill('SIGTERM');
  expect(await hub.exited).toBe(0);
  folder.remove();
}, 60_000);
