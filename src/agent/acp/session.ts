// A conversation with a program: greeted, logged in with a key where one is at hand, and gone on with where it can be.
import {
  type InitializeResponse,
  type LoadSessionRequest,
  PROTOCOL_VERSION,
  RequestError,
  type SessionModeState,
} from '@agentclientprotocol/sdk';
import packageJson from '../../../package.json' with { type: 'json' };
import { isAuthRequired } from './error.ts';
import type { AcpProgram } from './programs.ts';
import type { AcpProcess } from './process.ts';

/** A program with an open conversation. */
export interface AcpSession {
  readonly program: AcpProcess;
  readonly about: InitializeResponse;
  readonly sessionId: string;
  /** Nothing was said in it yet. */
  isFresh: boolean;
  /** An earlier conversation was to go on, and could not. */
  readonly hasLost: boolean;
  /** What the program says the whole conversation has cost so far; null where it has not said. */
  spent: number | null;
}

export interface SessionOptions {
  acp: AcpProgram;
  cwd: string;
  env: Record<string, string | undefined>;
  /** The conversation to go on with; null for another. */
  kept: string | null;
  /** Resolves once the program has told nothing for a while. */
  quiet(): Promise<void>;
}

/** @throws what the program answers: where it wants a login, `wantsLogin` tells */
export async function openSession(
  program: AcpProcess,
  options: SessionOptions,
): Promise<AcpSession> {
  const about = await program.agent.request('initialize', {
    protocolVersion: PROTOCOL_VERSION,
    clientInfo: { name: 'signalbox', title: 'Signalbox', version: packageJson.version },
    clientCapabilities: {
      fs: { readTextFile: !options.acp.ownFiles, writeTextFile: !options.acp.ownFiles },
      terminal: true,
      session: { notices: {} },
    },
  });
  if (about.protocolVersion !== PROTOCOL_VERSION) {
    const words = `It speaks version ${about.protocolVersion} of the Agent Client Protocol.`;
    throw new RequestError(-32_603, words);
  }
  return withLogin(program, about, options, async () => {
    const isKept = options.kept !== null && (await takeUp(program, about, options, options.kept));
    if (isKept && options.kept !== null) {
      const hasLost = false;
      return { program, about, sessionId: options.kept, isFresh: false, hasLost, spent: null };
    }
    const sessionId = await newSession(program, options.cwd, options.acp);
    const hasLost = options.kept !== null;
    return { program, about, sessionId, isFresh: true, hasLost, spent: 0 };
  });
}

/** Begins another conversation; answers its id. */
export async function newSession(
  program: AcpProcess,
  cwd: string,
  acp: AcpProgram,
): Promise<string> {
  const { sessionId, modes } = await program.agent.request('session/new', { cwd, mcpServers: [] });
  await setMode(program, sessionId, modes, acp);
  return sessionId;
}

/** Has the program ask before it acts. */
async function setMode(
  program: AcpProcess,
  sessionId: string,
  modes: SessionModeState | null | undefined,
  { mode }: AcpProgram,
): Promise<void> {
  const isOffered = modes?.availableModes.some(({ id }) => id === mode) === true;
  if (mode === undefined || !isOffered || modes.currentModeId === mode) return;
  await program.agent.request('session/set_mode', { sessionId, modeId: mode });
}

/** Whether the program could go on with it. What it tells of the past is not shown again. */
async function takeUp(
  program: AcpProcess,
  { agentCapabilities }: InitializeResponse,
  { cwd, acp, quiet }: SessionOptions,
  sessionId: string,
): Promise<boolean> {
  const request: LoadSessionRequest = { sessionId, cwd, mcpServers: [] };
  try {
    if (agentCapabilities?.sessionCapabilities?.resume) {
      const { modes } = await program.agent.request('session/resume', request);
      await setMode(program, sessionId, modes, acp);
      return true;
    }
    if (!agentCapabilities?.loadSession) return false;
    const { modes } = await program.agent.request('session/load', request);
    await setMode(program, sessionId, modes, acp);
    if (acp.replaysLate) await quiet();
    return true;
  } catch (error) {
    if (isAuthRequired(error) || !program.isAlive()) throw error;
    return false;
  }
}

async function withLogin(
  program: AcpProcess,
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
    await program.agent.request('authenticate', { methodId });
    return open();
  }
}
