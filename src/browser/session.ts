// The ticket for the socket: the cookie is turned into a token, which the first message carries.
import { Value } from '@sinclair/typebox/value';
import { SessionAnswer } from '../protocol/api.ts';

/** Asks who is signed in. Null where nobody is; throws where the hub does not answer. */
export async function fetchSession(): Promise<SessionAnswer | null> {
  const response = await fetch('/api/v1/session', { headers: { accept: 'application/json' } });
  if (response.status === 401 || response.status === 403) return null;
  if (!response.ok) throw new Error(`The hub answered ${response.status}.`);
  const answer: unknown = await response.json();
  if (!Value.Check(SessionAnswer, answer)) throw new Error('The hub answered something else.');
  return answer;
}

/** Leaves for the door, and comes back to this page from there. */
export function goToLogin(): void {
  const here = location.pathname + location.search;
  location.assign(`/login?next=${encodeURIComponent(here)}`);
}
