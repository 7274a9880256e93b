// Checks of the user's session and of an agent's token.
import { SessionResponse } from '../../protocol/api.ts';
import { formatDuration } from '../../protocol/duration.ts';
import { API_TOKEN_PREFIX } from '../../protocol/limits.ts';
import { CurrentApiToken } from '../../protocol/tokens.ts';
import { readAgentToken } from '../agent-token.ts';
import { CONNECT_TIMEOUT_MS, connectFailure, requestJson } from '../api-client.ts';
import { CliError } from '../cli-error.ts';
import { findCredentials, signInCommand } from '../credentials.ts';
import { type Check, failed, ok, warning } from './check.ts';

export async function checkSession(hub: string): Promise<Check> {
  try {
    const { token } = findCredentials(hub);
    if (token.startsWith(API_TOKEN_PREFIX)) return await checkApiToken(hub, token);
    const { userId, role } = await requestJson(hub, '/session', SessionResponse, { token });
    return ok('Session', `Signed in as ${userId} (${role}).`);
  } catch {
    return warning(
      'Session',
      'Not signed in, or the session has expired. Required for run, ps, logs and interrupt.',
      signInCommand(hub),
    );
  }
}

/** How long before its expiry a token should be replaced. */
const EXPIRES_SOON_MS = 14 * 86_400_000;

async function checkApiToken(hub: string, token: string): Promise<Check> {
  const name = 'API token';
  const fix = 'signalbox token add NAME --scope ROLE';
  try {
    const current = await requestJson(hub, '/token', CurrentApiToken, { token });
    const leftMs = current.expiresAt - Date.now();
    const facts = `"${current.name}" acts as ${current.userId} (${current.role}). It expires in ${formatDuration(leftMs)}.`;
    return leftMs < EXPIRES_SOON_MS ? warning(name, facts, fix) : ok(name, facts);
  } catch (error) {
    if (error instanceof CliError) return failed(name, error.message, fix);
    throw error;
  }
}

/** Checks the token in `tokenFile` or in SIGNALBOX_AGENT_TOKEN. */
export async function checkAgentToken(
  hub: string,
  agentId: string | undefined,
  tokenFile: string | undefined,
): Promise<Check> {
  const name = 'Agent token';
  const usage = 'signalbox doctor --id <id> --token-file <file>';
  let token: string | null;
  try {
    token = readAgentToken(tokenFile);
  } catch (error) {
    if (error instanceof CliError) return failed(name, error.message, usage);
    throw error;
  }
  if (token === null) return warning(name, 'Not checked: no token given.', usage);
  if (agentId === undefined) {
    return warning(name, 'Not checked: no agent ID given (--id).', usage);
  }
  const path = `/api/v1/agents/${encodeURIComponent(agentId)}/token`;
  let response: Response;
  try {
    response = await fetch(`${hub}${path}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS),
    });
  } catch (error) {
    return failed(name, connectFailure(hub, error));
  }
  if (response.ok) return ok(name, `Valid for agent "${agentId}".`);
  if (response.status !== 401)
    return failed(name, `${hub} responded with HTTP ${response.status}.`);
  return failed(
    name,
    `The hub rejected the token for agent "${agentId}".`,
    `Ask an admin for a new token: signalbox agent-token add ${agentId}`,
  );
}
