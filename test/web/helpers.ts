// Helpers for tests of the JSON API.
import { expect } from 'bun:test';
import { Value } from '@sinclair/typebox/value';
import type { TSchema } from '@sinclair/typebox';
import { ErrorResponse } from '../../src/protocol/api.ts';
import { startTestHub, type TestHub, type TestHubOptions } from '../support/hub/hub.ts';

export const PASSWORD = 'correct horse battery staple';

/** The weakest parameters allowed, to keep tests fast. */
const passwordHash = await Bun.password.hash(PASSWORD, {
  algorithm: 'argon2id',
  memoryCost: 8,
  timeCost: 1,
});

/** Creates an account "admin" with `PASSWORD`. */
export async function addAdmin(hub: TestHub) {
  await hub.store.users.insert({
    id: 'admin',
    role: 'admin',
    agents: null,
    passwordHash,
    createdAt: 1,
    disabledAt: null,
    twoFactor: null,
    identity: null,
  });
}

/** Starts a hub with an account "admin". */
export async function startHubWithAdmin(options: TestHubOptions = {}) {
  const hub = await startTestHub(options);
  await addAdmin(hub);
  return hub;
}

export function signIn(hub: TestHub, body: unknown = { username: 'admin', password: PASSWORD }) {
  return hub.callApi('POST', '/session', { token: null, body });
}

/** Expects an error response and nothing else in its body. Returns the message. */
export async function expectError(
  pending: Response | Promise<Response>,
  status: number,
  code: string,
) {
  const response = await pending;
  const body = await response.json();
  expect([response.status, body.error?.code]).toEqual([status, code]);
  expect(Value.Check(ErrorResponse, body)).toBe(true);
  expect(Object.keys(body)).toEqual(['error']);
  expect(Object.keys(body.error)).toEqual(['code', 'message']);
  expect(response.headers.get('content-type')).toStartWith('application/json');
  return body.error.message as string;
}

/** Expects a response with this status and a body of this schema. Returns the body. */
export async function expectJson(
  pending: Response | Promise<Response>,
  status: number,
  schema: TSchema,
) {
  const response = await pending;
  const body = await response.json();
  expect([response.status, [...Value.Errors(schema, body)]]).toEqual([status, []]);
  return body;
}
