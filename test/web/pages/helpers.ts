// Helpers for tests of pages, requested as a browser does.
import type { Role } from '../../../src/protocol/entities.ts';
import type { TestHub } from '../../support/hub/hub.ts';

export interface PageRequest {
  /** The role to sign in with. Without it, the request has no session. */
  role?: Role;
  userId?: string;
  /** The fields to submit with POST. */
  form?: Record<string, string>;
  headers?: Record<string, string>;
}

/** Requests a page, or submits a form to it. Does not follow redirects. */
export async function requestPage(
  hub: TestHub,
  path: string,
  { role, userId, form, headers = {} }: PageRequest = {},
) {
  const cookie = role ? { cookie: `signalbox=${await hub.issueToken(role, userId)}` } : {};
  return fetch(hub.url + path, {
    method: form ? 'POST' : 'GET',
    redirect: 'manual',
    headers: { origin: hub.url, ...cookie, ...headers },
    ...(form && { body: new URLSearchParams(form) }),
  });
}
