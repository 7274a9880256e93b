// The AI programs we know: how each is started, what tells that somebody has logged in, and what mends it. All that
// tells them apart is here; the runner is the same for all, and for any other that speaks the Agent Client Protocol.
import type { SessionUpdate } from '@agentclientprotocol/sdk';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { AgentType } from '../../protocol/agent-status.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** A program that speaks ACP over its stdin and stdout. */
export interface AcpProgram {
  /** What people call it. */
  readonly title: string;
  readonly argv: readonly string[];
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The command that installs it, and the one that logs in. */
  readonly install?: string;
  readonly login?: string;
  /** The mode in which it asks before it acts, where it may begin in another. */
  readonly mode?: string;
  /** It reads and writes files itself: as our client it would mistake a missing file for an error. */
  readonly ownFiles?: boolean;
  /** What tells whether somebody has logged in, for a program that opens a conversation all the same. */
  readonly loginStatus?: { readonly argv: readonly string[]; readonly loggedOut: RegExp };
  /** It tells of the past only after it has said that a conversation is taken up. */
  readonly replaysLate?: boolean;
  /** Whether this news means that the turn has failed, though the program will end it as if it had not. */
  tellsFailure?(news: SessionUpdate): boolean;
  /** The ACP method by which it takes up a key from the environment; null where there is none. */
  authMethod?(env: Env): string | null;
}

const has = (env: Env, ...names: string[]) => names.some((name) => Boolean(env[name]));

/** Codex says so when its model has failed it, and then in words for people what was wrong. */
const CodexFailure = Type.Object({
  codex: Type.Object({ threadStatus: Type.Object({ type: Type.Literal('systemError') }) }),
});

/** One for each type of agent. */
export const acpPrograms: Readonly<Record<AgentType, AcpProgram>> = {
  claude: {
    title: 'Claude Code',
    argv: ['claude-agent-acp'],
    install: 'npm install -g @agentclientprotocol/claude-agent-acp',
    login: 'claude-agent-acp --cli auth login',
    // By itself it may begin in "auto", where a model decides what needs no person.
    mode: 'default',
    loginStatus: {
      argv: ['claude-agent-acp', '--cli', 'auth', 'status'],
      loggedOut: /"loggedIn":\s*false/,
    },
  },
  gemini: {
    title: 'Gemini CLI',
    argv: ['gemini', '--acp'],
    install: 'npm install -g @google/gemini-cli',
    login: 'gemini',
    ownFiles: true,
    replaysLate: true,
    authMethod: (env) => (has(env, 'GEMINI_API_KEY') ? 'gemini-api-key' : null),
  },
  codex: {
    title: 'Codex',
    argv: ['codex-acp'],
    install: 'npm install -g @agentclientprotocol/codex-acp',
    login: 'codex-acp login',
    tellsFailure(news) {
      if (news.sessionUpdate !== 'session_info_update') return false;
      const { _meta: more } = news;
      return Value.Check(CodexFailure, more);
    },
    authMethod: (env) => (has(env, 'OPENAI_API_KEY', 'CODEX_API_KEY') ? 'api-key' : null),
  },
};

/** A program given by its command line: words parted by spaces, with quotes around those that have some. */
export function parseProgram(line: string): AcpProgram {
  const words = [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)];
  const argv = words.map(([, double, single, bare]) => double ?? single ?? bare ?? '');
  return { title: argv[0]?.split('/').at(-1) ?? 'The program', argv };
}

/** Where a program is; null where it is not installed. */
export function findExecutable(
  { argv: [command = ''] }: AcpProgram,
  env: Env = process.env,
): string | null {
  return Bun.which(command, { PATH: env['PATH'] ?? '' });
}

/** Which types of agent have their program installed. */
export function installedAgentTypes(env: Env = process.env): AgentType[] {
  const types: readonly AgentType[] = ['claude', 'gemini', 'codex'];
  return types.filter((type) => findExecutable(acpPrograms[type], env) !== null);
}

/** What is missing, in a sentence with the command that mends it. */
export function notInstalled({ title, argv: [command], install }: AcpProgram): string {
  const mend = install ? ` Install it: ${install}` : '';
  return `${title} is not installed: there is no ${command} in the PATH.${mend}`;
}

export function notLoggedIn({ title, login }: AcpProgram): string {
  return `${title} is not logged in.${login ? ` Log in on the agent's machine: ${login}` : ''}`;
}
