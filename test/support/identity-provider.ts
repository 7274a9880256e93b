// A real OpenID Connect provider on loopback. Its sign-in page is scripted: it signs in the account that the test chose.
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Adapter, type AdapterPayload, Provider } from 'oidc-provider';
import type { IdentityProviderSettings } from '../../src/web/identity-provider.ts';

/** The claims of an account, by its subject. */
export type Accounts = Record<string, Record<string, unknown>>;

const CLIENT = { clientId: 'signalbox', clientSecret: 'a client secret for tests only' };

/**
 * Starts a provider. It responds after `connect`, because a hub needs its issuer, and it needs the hub's URL.
 * @param host of the issuer; `localhost` is another site than 127.0.0.1 for browsers
 */
export async function startIdentityProvider(accounts: Accounts, host = '127.0.0.1') {
  let handle: RequestListener = (_request, response) => void response.writeHead(503).end();
  const server = createServer((request, response) => handle(request, response));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://${host}:${(server.address() as AddressInfo).port}`;
  let account = '';
  let hasOtherKey = false;

  return {
    issuer,
    settings: {
      issuer,
      ...CLIENT,
      name: 'Company SSO',
      groupsClaim: 'groups',
      roles: { admins: 'admin', developers: 'operator', everyone: 'viewer' },
      defaultRole: null,
    } satisfies IdentityProviderSettings,
    ...CLIENT,
    /** Selects the account that signs in next. */
    choose(subject: string) {
      account = subject;
    },
    /** Publishes another key than the one that signs, as if another provider had signed. */
    publishOtherKey() {
      hasOtherKey = true;
    },
    /** Accepts sign-ins for a hub. */
    connect(hubUrl: string) {
      const provider = createProvider(issuer, hubUrl, accounts);
      const callback = provider.callback();
      handle = async (request, response) => {
        if (hasOtherKey && request.url === '/jwks') {
          response.setHeader('content-type', 'application/json').end(JSON.stringify(OTHER_KEYS));
          return undefined;
        }
        if (!request.url?.startsWith('/interaction/')) return callback(request, response);
        const details = await provider.interactionDetails(request, response);
        const isLogin = details.prompt.name === 'login';
        const result = isLogin
          ? { login: { accountId: account } }
          : { consent: { grantId: await grant(provider, account) } };
        return provider.interactionFinished(request, response, result);
      };
    },
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** One for all providers: creating a key takes a moment. */
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
const OTHER_KEYS = { keys: [{ ...other.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] };

/** Keeps artifacts until the test ends. */
class MemoryAdapter implements Adapter {
  readonly #entries = new Map<string, AdapterPayload>();

  upsert = (id: string, payload: AdapterPayload) =>
    Promise.resolve(void this.#entries.set(id, payload));
  find = (id: string) => Promise.resolve(this.#entries.get(id));
  findByUid = (uid: string) =>
    Promise.resolve(this.#entries.values().find((payload) => payload.uid === uid));
  findByUserCode = () => Promise.resolve(undefined);
  consume(id: string) {
    const payload = this.#entries.get(id);
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    return Promise.resolve();
  }
  destroy = (id: string) => Promise.resolve(void this.#entries.delete(id));
  revokeByGrantId(grantId: string) {
    for (const [id, payload] of this.#entries) {
      if (payload.grantId === grantId) this.#entries.delete(id);
    }
    return Promise.resolve();
  }
}

function createProvider(issuer: string, hubUrl: string, accounts: Accounts): Provider {
  return new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.clientId,
        client_secret: CLIENT.clientSecret,
        redirect_uris: [`${hubUrl}/login/oidc/callback`],
      },
    ],
    claims: {
      openid: ['sub'],
      profile: ['preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    scopes: ['openid', 'profile', 'email', 'groups'],
    adapter: MemoryAdapter,
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig' }] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['for tests only'] },
    interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, ...accounts[sub] }),
    }),
  });
}

async function grant(provider: Provider, accountId: string): Promise<string> {
  const consent = new provider.Grant({ accountId, clientId: CLIENT.clientId });
  consent.addOIDCScope('openid profile email groups');
  return consent.save();
}
