// The supported AI programs: how to start each one, how to tell whether it is signed in, and how to fix it if not. All
// differences between programs are here. The runner is the same for every program that speaks ACP.
import type { SessionUpdate } from '@agentclientprotocol/sdk';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { AgentType } from '../../protocol/agent-status.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A program that speaks ACP over stdin and stdout. */
export interface AcpProgram {
  /** The product name. */
  readonly title: string;
  readonly argv: readonly string[];
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>>;
  /** The command that installs it. */
  readonly install?: string;
  /** The command that signs in. */
  readonly signIn?: string;
  /** The mode in which it requests permission before it acts, unless that is always its default. */
  readonly mode?: string;
  /** It accesses files itself. With file access over ACP, it would treat a missing file as an error. */
  readonly accessesFiles?: boolean;
  /** How to check the sign-in, for a program that opens a conversation even when it is signed out. */
  readonly signInStatus?: { readonly argv: readonly string[]; readonly signedOut: RegExp };
  /** When it loads a conversation, it sends the history only after its response. */
  readonly sendsHistoryLate?: boolean;
  /** Whether an update means that the turn has failed, for a program that then ends the turn normally. */
  isFailure?(update: SessionUpdate): boolean;
  /** The ACP method that authenticates with a key from the environment; null if there is no key. */
  authMethod?(env: Env): string | null;
}

/** Codex sends this after a model error. The error itself is in a preceding message. */
const CodexFailure = Type.Object({
  codex: Type.Object({ threadStatus: Type.Object({ type: Type.Literal('systemError') }) }),
});

export const acpPrograms: Readonly<Record<AgentType, AcpProgram>> = {
  claude: {
    title: 'Claude Code',
    argv: ['claude-agent-acp'],
    install: 'npm install -g @agentclientprotocol/claude-agent-acp',
    signIn: 'claude-agent-acp --cli auth login',
    // It may start in "auto", where a model decides which actions need approval.
    mode: 'default',
    signInStatus: {
      argv: ['claude-agent-acp', '--cli', 'auth', 'status'],
      signedOut: /"loggedIn":\s*false/,
    },
  },
  gemini: {
    title: 'Gemini CLI',
    argv: ['gemini', '--acp'],
    install: 'npm install -g @google/gemini-cli',
    signIn: 'gemini',
    accessesFiles: true,
    sendsHistoryLate: true,
    authMethod: (env) => (env['GEMINI_API_KEY'] ? 'gemini-api-key' : null),
  },
  codex: {
    title: 'Codex',
    argv: ['codex-acp'],
    install: 'npm install -g @agentclientprotocol/codex-acp',
    signIn: 'codex-acp login',
    isFailure: (update) =>
      update.sessionUpdate === 'session_info_update' && Value.Check(CodexFailure, update['_meta']),
    authMethod: (env) => (env['OPENAI_API_KEY'] || env['CODEX_API_KEY'] ? 'api-key' : null),
  },
};

/** Creates a program from a command line. Arguments are separated by spaces and may be quoted. */
export function parseProgram(line: string): AcpProgram {
  const args = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)];
  const argv = args.map(([, double, single, bare]) => double ?? single ?? bare ?? '');
  return { title: argv[0]?.split('/').at(-1) ?? 'The program', argv };
}

/** The path of a program; null if it is not installed. */
export function findExecutable(
  { argv: [command = ''] }: AcpProgram,
  env: Env = process.env,
): string | null {
  return Bun.which(command, { PATH: env['PATH'] ?? '' });
}

/** The agent types whose program is installed. */
export function installedAgentTypes(env: Env = process.env): AgentType[] {
  const types: readonly AgentType[] = ['claude', 'gemini', 'codex'];
  return types.filter((type) => findExecutable(acpPrograms[type], env) !== null);
}

/** The notice for a program that is not installed. It ends with the command to run. */
export function notInstalledNotice({ title, argv: [command], install }: AcpProgram): string {
  const fix = install ? ` Install it: ${install}` : '';
  return `${title} is not installed: ${command} was not found in the PATH.${fix}`;
}

/** The notice for a program that is signed out. It ends with the command to run. */
export function signedOutNotice({ title, signIn }: AcpProgram): string {
  return `${title} is not signed in.${signIn ? ` Sign in on the agent's machine: ${signIn}` : ''}`;
}
