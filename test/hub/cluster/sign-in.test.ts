// Sign-ins that begin on one hub and end on another one, as behind a load balancer.
import { expect, test } from 'bun:test';
import type { Identity } from '../../../src/hub/state/dashboard.ts';
import { useDatabase } from '../../support/postgres-store.ts';
import { startIdentityProvider } from '../../support/identity-provider.ts';
import { createCode } from '../../support/one-time-code.ts';
import { createWebBrowser } from '../../support/web-browser.ts';
import { type ClusterHub, startTwoHubs } from '../../support/hub/two-hubs.ts';
import { addAdmin } from '../../web/helpers.ts';
import { locationOf } from '../../web/single-sign-on-helpers.ts';

const ADMIN: Identity = {
  userId: 'admin',
  role: 'admin',
  agents: null,
  sessionId: 'none',
  address: null,
  expiresAt: 0,
};
const STEP_MS = 30_000;

const database = useDatabase();

/** Sets two-factor sign-in up: it begins on one hub and ends on the other one. */
async function setUpTwoFactor(a: ClusterHub, b: ClusterHub) {
  await addAdmin(a);
  await b.catchUp();
  const { secret } = await a.hub.twoFactor.beginSetup('admin');
  expect(await b.hub.twoFactor.findSetup('admin')).toMatchObject({ secret });
  const code = () => createCode(secret, a.clock.now());
  expect(await b.hub.twoFactor.finishSetup(ADMIN, code())).toHaveLength(10);
  for (const { clock } of [a, b]) clock.advance(STEP_MS);
  return code;
}

test('a code is accepted by one hub only', async () => {
  await using hubs = await startTwoHubs(database.url);
  const code = await setUpTwoFactor(hubs.a, hubs.b);
  const accepted = await Promise.all(
    [hubs.a, hubs.b].map(({ hub }) => hub.twoFactor.verify('admin', code())),
  );
  expect(accepted.filter((actor) => actor !== null)).toHaveLength(1);
  for (const { hub } of [hubs.a, hubs.b]) {
    expect(await hub.twoFactor.verify('admin', code())).toBeNull();
  }
});

test('the second step of a sign-in is finished once, on any hub, and wrong codes count on all', async () => {
  await using hubs = await startTwoHubs(database.url);
  const code = await setUpTwoFactor(hubs.a, hubs.b);
  const token = await hubs.a.hub.twoFactor.beginSecondStep('admin');
  expect(await hubs.b.hub.twoFactor.findSecondStepUser(token)).toBe('admin');
  expect(await hubs.b.hub.twoFactor.finishSecondStep(token, code())).toMatchObject({
    userId: 'admin',
  });
  expect(await hubs.a.hub.twoFactor.findSecondStepUser(token)).toBeUndefined();

  const other = await hubs.b.hub.twoFactor.beginSecondStep('admin');
  for (const { hub } of [hubs.a, hubs.b, hubs.a, hubs.b, hubs.a]) {
    expect(await hub.twoFactor.findSecondStepUser(other)).toBe('admin');
    expect(await hub.twoFactor.finishSecondStep(other, '000000')).toBeNull();
  }
  expect(await hubs.b.hub.twoFactor.findSecondStepUser(other)).toBeUndefined();
});

test('a changed password ends second steps on all hubs', async () => {
  await using hubs = await startTwoHubs(database.url);
  await setUpTwoFactor(hubs.a, hubs.b);
  const token = await hubs.b.hub.twoFactor.beginSecondStep('admin');
  const { token: link } = await hubs.a.hub.accounts.createPasswordLink(ADMIN, 'admin');
  await hubs.a.hub.accounts.redeemLink(link, 'another long password', null);
  expect(await hubs.b.hub.twoFactor.findSecondStepUser(token)).toBeUndefined();
});

test('single sign-on begins on one hub and ends on the other one, once', async () => {
  await using provider = await startIdentityProvider({
    s1: { preferred_username: 'ada', groups: ['developers'] },
  });
  await using hubs = await startTwoHubs(database.url, { identityProvider: provider.settings });
  await addAdmin(hubs.a);
  provider.connect(hubs.a.url);
  provider.choose('s1');
  const browser = createWebBrowser();
  const started = await browser.get(`${hubs.a.url}/login/oidc`);
  const callback = new URL(await browser.followTo(hubs.a.url, locationOf(started)));
  const cookie = `signalbox-oidc=${browser.cookies(hubs.a.url).get('signalbox-oidc')}`;
  const finish = () =>
    fetch(hubs.b.url + callback.pathname + callback.search, { headers: { cookie } });
  const finished = await finish();
  expect(finished.status).toBe(200);
  expect(finished.headers.getSetCookie()[0]).toStartWith('signalbox=ey');
  expect((await finish()).status).not.toBe(200);
  expect(await hubs.a.store.users.list()).toHaveLength(1);
  await hubs.a.catchUp();
  expect(await hubs.a.store.users.find('ada')).toMatchObject({ role: 'operator' });
});
