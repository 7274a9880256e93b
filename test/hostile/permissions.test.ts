// Properties of permissions that hold for all users, routes and messages.
import { describe, expect, test } from 'bun:test';
import * as fc from 'fast-check';
import { maySee } from '../../src/hub/grants.ts';
import { explainMissing } from '../../src/hub/require-permission.ts';
import { createServerState } from '../../src/hub/state/server-state.ts';
import { hasRole, Role } from '../../src/protocol/entities.ts';
import {
  messagePermissions,
  needsSession,
  type Permission,
} from '../../src/protocol/permissions.ts';
import { type Access, createRouteAccess, routeAccess } from '../../src/web/route-access.ts';
import { startHubWithAdmin } from '../web/helpers.ts';

/** In ascending order. */
const roles = Role.anyOf.map(({ const: one }) => one);
const role = fc.constantFrom(...roles);

describe('permissions', () => {
  const routes = Object.entries(routeAccess);
  const isPermission = (access: Access): access is Permission => access !== 'anyone';
  const permissions = new Set([
    ...Object.values(messagePermissions),
    ...Object.values(routeAccess).filter(isPermission),
  ]);
  const permission = fc.constantFrom(...permissions);
  const isAllowed = (user: Parameters<typeof explainMissing>[0], required: Permission) =>
    explainMissing(user, required) === null;

  test('are all used by a route or a message', () => {
    // Fails if a permission is added or removed, so that it is tested here as well.
    expect(permissions.size).toBe(13);
  });

  test('grow with the role', () => {
    fc.assert(
      fc.property(role, role, permission, (a, b, required) => {
        const [less, more] = roles.indexOf(a) <= roles.indexOf(b) ? [a, b] : [b, a];
        if (isAllowed({ role: less }, required))
          expect(isAllowed({ role: more }, required)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test('of an API token are those of its user and of its scope, without those that need a session', async () => {
    await using hub = await startHubWithAdmin();
    const root = { userId: 'root', role: 'admin', agents: null } as const;
    const expiresAt = hub.clock.now() + 60_000;
    const tokens: { user: Role; scope: Role; secret: string }[] = [];
    for (const user of roles) {
      await hub.hub.accounts.add(root, { username: `user-${user}`, role: user });
      const session = await hub.startSession(user, `user-${user}`);
      for (const scope of roles) {
        const adding = hub.hub.apiTokens.add(session, { name: scope, scope, expiresAt });
        if (hasRole(user, scope)) tokens.push({ user, scope, secret: (await adding).token });
        else expect(adding).rejects.toThrow('A token cannot have a higher one.');
      }
    }
    // From here on, tokens have a higher scope than their users, too.
    await hub.hub.accounts.change(root, 'user-admin', { role: 'viewer' });
    const property = fc.asyncProperty(
      fc.constantFrom(...tokens),
      permission,
      async ({ user, scope, secret }, required) => {
        const identity = await hub.hub.apiTokens.use(secret, null);
        const userRole = user === 'admin' ? 'viewer' : user;
        const expected = [userRole, scope].every((one) => isAllowed({ role: one }, required));
        if (!identity) throw new Error('The token is not valid.');
        expect(isAllowed(identity, required)).toBe(expected && !needsSession(required));
      },
    );
    await fc.assert(property, { numRuns: 150 });
  });

  test('of a route do not depend on its parameters, and another path has none', () => {
    const findAccess = createRouteAccess();
    const parameter = fc.webSegment().filter((segment) => segment !== '');
    const property = fc.property(
      fc.constantFrom(...routes),
      parameter,
      ([route, access], value) => {
        const [method = '', pattern = ''] = route.split(' ');
        // The prefix keeps it from being the name of another route, such as `/compare/agents`.
        const path = pattern.replaceAll(/:\w+/g, () => `id-${value}`);
        expect(findAccess(method, path)).toBe(access);
        if (path !== '/') expect(findAccess(method, `${path}/`)).toBe(access);
        if (method === 'GET') expect(findAccess('HEAD', path)).toBe(access);
        expect(findAccess('PROPFIND', path)).toBeUndefined();
        expect(findAccess(method, `/${path}`)).toBeUndefined();
        expect(findAccess(method, `${path}/x/x`)).toBeUndefined();
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  test('for agents grow with the grants, and are empty without', () => {
    const name = fc.constantFrom('a', 'b', 'label:a', 'label:b', 'label:c');
    const grants = fc.uniqueArray(name);
    fc.assert(
      fc.property(
        role,
        grants,
        grants,
        fc.constantFrom('a', 'b', 'c'),
        (one, some, more, agentId) => {
          const state = createServerState();
          const user = (agents: string[] | null) => ({ role: one, agents });
          expect(maySee(state, user(null), agentId)).toBe(true);
          expect(maySee(state, user([]), agentId)).toBe(one === 'admin');
          if (maySee(state, user(some), agentId)) {
            expect(maySee(state, user([...some, ...more]), agentId)).toBe(true);
          }
        },
      ),
    );
  });
});
