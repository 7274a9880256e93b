// Opens a conversation with an AI program: initializes the connection, authenticates with a key if there is one, and
// continues the stored conversation if the program can.
import {
  type InitializeResponse,
  type LoadSessionRequest,
  PROTOCOL_VERSION,
  RequestError,
  type SessionModeState,
} from '@agentclientprotocol/sdk';
import packageJson from '../../../package.json' with { type: 'json' };
import { isAuthRequired } from './error.ts';
import type { AcpProcess } from './process.ts';
import type { AcpProgram } from './programs.ts';

/** An open conversation. */
export interface AcpSession {
  readonly process: AcpProcess;
  readonly sessionId: string;
  /** It has had no prompt yet. */
  isUnused: boolean;
  /** It replaces a stored conversation that could not be continued. */
  readonly hasLostHistory: boolean;
  /** The cost of the conversation so far, as reported by the program; null if it is unknown. */
  totalCost: number | null;
}

export interface SessionOptions {
  acp: AcpProgram;
  cwd: string;
  env: Record<string, string | undefined>;
  /** The conversation to continue; null to create one. */
  storedId: string | null;
  /** Resolves when the program has sent no update for a while. */
  whenQuiet(): Promise<void>;
}

/** @throws the program's error, see `isAuthRequired` */
export async function openSession(
  acpProcess: AcpProcess,
  options: SessionOptions,
): Promise<AcpSession> {
  const { acp, cwd, storedId } = options;
  const initialized = await acpProcess.agent.request('initialize', {
    protocolVersion: PROTOCOL_VERSION,
    clientInfo: { name: 'signalbox', title: 'Signalbox', version: packageJson.version },
    clientCapabilities: {
      fs: { readTextFile: !acp.accessesFiles, writeTextFile: !acp.accessesFiles },
      terminal: true,
      session: { notices: {} },
    },
  });
  if (initialized.protocolVersion !== PROTOCOL_VERSION) {
    const version = `version ${initialized.protocolVersion} of the Agent Client Protocol`;
    throw new RequestError(-32_603, `The program uses ${version}, which is not supported.`);
  }
  return withAuthentication(acpProcess, initialized, options, async () => {
    const hasStored = storedId !== null;
    if (hasStored && (await continueSession(acpProcess, initialized, options, storedId))) {
      return {
        process: acpProcess,
        sessionId: storedId,
        isUnused: false,
        hasLostHistory: false,
        totalCost: null,
      };
    }
    return newSession(acpProcess, cwd, acp, hasStored);
  });
}

/** Creates a conversation. @param hasLostHistory whether it replaces one that could not be continued */
export async function newSession(
  acpProcess: AcpProcess,
  cwd: string,
  acp: AcpProgram,
  hasLostHistory = false,
): Promise<AcpSession> {
  const { sessionId, modes } = await acpProcess.agent.request('session/new', {
    cwd,
    mcpServers: [],
  });
  await setMode(acpProcess, sessionId, modes, acp);
  return { process: acpProcess, sessionId, isUnused: true, hasLostHistory, totalCost: 0 };
}

/** Makes the program request permission before it acts. */
async function setMode(
  acpProcess: AcpProcess,
  sessionId: string,
  modes: SessionModeState | null | undefined,
  { mode }: AcpProgram,
): Promise<void> {
  const isOffered = modes?.availableModes.some(({ id }) => id === mode) === true;
  if (mode === undefined || !isOffered || modes.currentModeId === mode) return;
  await acpProcess.agent.request('session/set_mode', { sessionId, modeId: mode });
}

/** Returns whether the program could continue the conversation. The history it sends is not shown again. */
async function continueSession(
  acpProcess: AcpProcess,
  { agentCapabilities }: InitializeResponse,
  { cwd, acp, whenQuiet }: SessionOptions,
  sessionId: string,
): Promise<boolean> {
  const request: LoadSessionRequest = { sessionId, cwd, mcpServers: [] };
  try {
    if (agentCapabilities?.sessionCapabilities?.resume) {
      const { modes } = await acpProcess.agent.request('session/resume', request);
      await setMode(acpProcess, sessionId, modes, acp);
      return true;
    }
    if (!agentCapabilities?.loadSession) return false;
    const { modes } = await acpProcess.agent.request('session/load', request);
    await setMode(acpProcess, sessionId, modes, acp);
    if (acp.sendsHistoryLate) await whenQuiet();
    return true;
  } catch (error) {
    if (isAuthRequired(error) || !acpProcess.isAlive()) throw error;
    return false;
  }
}

/** Runs `open`, and again after authentication if the program requires it and a key is available. */
async function withAuthentication(
  acpProcess: AcpProcess,
  { authMethods = [] }: InitializeResponse,
  { acp, env }: SessionOptions,
  open: () => Promise<AcpSession>,
): Promise<AcpSession> {
  const methodId = acp.authMethod?.(env) ?? null;
  const isOffered = authMethods.some((method) => method.id === methodId);
  try {
    return await open();
  } catch (error) {
    if (!isAuthRequired(error) || methodId === null || !isOffered) throw error;
    await acpProcess.agent.request('authenticate', { methodId });
    return open();
  }
}
