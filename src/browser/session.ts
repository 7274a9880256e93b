// Exchanges the session cookie for the token that `dashboard:connect` carries.
import { Value } from '@sinclair/typebox/value';
import { SessionResponse } from '../protocol/api.ts';

/**
 * Fetches the current session, or null if the user is not signed in.
 * @throws if the hub is unreachable, its response is invalid, or `signal` is aborted
 */
export async function fetchSession(signal: AbortSignal): Promise<SessionResponse | null> {
  const headers = { accept: 'application/json' };
  const response = await fetch('/api/v1/session', { headers, signal });
  if (response.status === 401 || response.status === 403) return null;
  if (!response.ok) throw new Error(`The hub responded with HTTP ${response.status}.`);
  const session: unknown = await response.json();
  if (!Value.Check(SessionResponse, session)) throw new Error('The hub sent an invalid session.');
  return session;
}

/** Opens the sign-in page, which returns to this page afterwards. @param closeReason why the hub closed the connection */
export function redirectToLogin(closeReason: string): void {
  const parameters = new URLSearchParams({ next: location.pathname + location.search });
  if (closeReason === 'access_changed') parameters.set('reason', closeReason);
  location.assign(`/login?${parameters.toString()}${location.hash}`);
}
