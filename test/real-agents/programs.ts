// The real AI programs, as installed by `make test-agents`, each with a temporary home folder and the scripted model.
import { Glob } from 'bun';
import { expect } from 'bun:test';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acpPrograms } from '../../src/agent/acp/programs.ts';
import type { AcpSuiteOptions } from '../support/agent/acp-suite.ts';

const BIN_FOLDER = join(import.meta.dir, '../../.cache/agents/node_modules/.bin');
const TEST_TIMEOUT_MS = 60_000;

function findProgram(name: string): string {
  const path = join(BIN_FOLDER, name);
  if (!existsSync(path)) throw new Error(`${path} does not exist. Run "make test-agents".`);
  return path;
}

/** The environment of a program that uses only its home folder and loopback. */
const createEnvironment = (home: string) => ({
  HOME: home,
  XDG_CONFIG_HOME: join(home, '.config'),
  NO_PROXY: '127.0.0.1,localhost',
  no_proxy: '127.0.0.1,localhost',
  NO_BROWSER: '1',
});

/** Overrides credentials in the environment of the developer. */
const noCredentials = {
  ANTHROPIC_API_KEY: '',
  ANTHROPIC_AUTH_TOKEN: '',
  CLAUDE_CODE_OAUTH_TOKEN: '',
  GEMINI_API_KEY: '',
  GOOGLE_API_KEY: '',
  OPENAI_API_KEY: '',
  CODEX_API_KEY: '',
};

const createClaudeStatus = () => ({
  argv: [findProgram('claude-agent-acp'), '--cli', 'auth', 'status'],
  signedOut: acpPrograms.claude.signInStatus?.signedOut ?? expect.unreachable(),
});

export const claude: AcpSuiteOptions = {
  name: 'claude',
  testTimeoutMs: TEST_TIMEOUT_MS,
  modelErrors: {
    500: 'Model error 500',
    429: 'Model error 429',
    529: 'Model error 529',
  },
  createProgram: (home, modelUrl) => ({
    ...acpPrograms.claude,
    argv: [findProgram('claude-agent-acp')],
    signInStatus: createClaudeStatus(),
    env: {
      ...createEnvironment(home),
      CLAUDE_CONFIG_DIR: join(home, '.claude'),
      ANTHROPIC_BASE_URL: modelUrl,
      ANTHROPIC_API_KEY: 'sk-ant-stub',
      CLAUDE_CODE_MAX_RETRIES: '0',
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      IS_SANDBOX: '1',
    },
  }),
  createSignedOutProgram: (home) => ({
    ...acpPrograms.claude,
    argv: [findProgram('claude-agent-acp')],
    signInStatus: createClaudeStatus(),
    env: { ...createEnvironment(home), ...noCredentials },
  }),
  reports: { usage: true, cost: true },
  createWriteCall: (path, content) => ({ name: 'Write', input: { file_path: path, content } }),
};

export const gemini: AcpSuiteOptions = {
  name: 'gemini',
  testTimeoutMs: TEST_TIMEOUT_MS,
  modelErrors: {
    500: 'Model error 500',
    429: 'Model error 429',
    529: 'Model error 529',
  },
  // The name of a conversation's file contains the minute in which the conversation was started or loaded. When loaded
  // in the minute in which it was started, the conversation overwrites its own file.
  beforeRestart(home) {
    for (const path of new Glob('.gemini/tmp/*/chats/session-*').scanSync({
      cwd: home,
      dot: true,
    })) {
      renameSync(join(home, path), join(home, path.replace(/session-\d{4}/, 'session-2001')));
    }
  },
  createProgram(home, modelUrl) {
    mkdirSync(join(home, '.gemini'), { recursive: true });
    writeFileSync(
      join(home, '.gemini/settings.json'),
      JSON.stringify({
        security: { auth: { selectedType: 'gemini-api-key' } },
        general: { maxAttempts: 1 },
      }),
    );
    return {
      ...acpPrograms.gemini,
      argv: [findProgram('gemini'), '--acp'],
      env: {
        ...createEnvironment(home),
        GOOGLE_GEMINI_BASE_URL: modelUrl,
        GEMINI_API_KEY: 'stub',
        GEMINI_MODEL: 'gemini-2.5-pro',
      },
    };
  },
  createSignedOutProgram: (home) => ({
    ...acpPrograms.gemini,
    argv: [findProgram('gemini'), '--acp'],
    env: { ...createEnvironment(home), ...noCredentials },
  }),
  reports: { usage: false, cost: false },
  createWriteCall: (path, content) => ({ name: 'write_file', input: { file_path: path, content } }),
};

const createCodexConfig = (modelUrl: string) => `
model = "stub"
model_provider = "stub"
approval_policy = "on-request"
sandbox_mode = "read-only"
[model_providers.stub]
name = "stub"
base_url = "${modelUrl}/v1"
env_key = "OPENAI_API_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
`;

export const codex: AcpSuiteOptions = {
  name: 'codex',
  testTimeoutMs: TEST_TIMEOUT_MS,
  modelErrors: {
    500: 'experiencing high demand',
    429: 'last status: 429',
    529: 'Model error 529',
  },
  createProgram(home, modelUrl) {
    mkdirSync(join(home, '.codex'), { recursive: true });
    writeFileSync(join(home, '.codex/config.toml'), createCodexConfig(modelUrl));
    return {
      ...acpPrograms.codex,
      argv: [findProgram('codex-acp')],
      env: {
        ...createEnvironment(home),
        CODEX_HOME: join(home, '.codex'),
        OPENAI_API_KEY: 'stub',
        INITIAL_AGENT_MODE: 'read-only',
      },
    };
  },
  createSignedOutProgram: (home) => ({
    ...acpPrograms.codex,
    argv: [findProgram('codex-acp')],
    env: { ...createEnvironment(home), ...noCredentials },
  }),
  reports: { usage: true, cost: false },
  // The sandbox is read-only, so the model requests to run a command outside it.
  createWriteCall: (path, content) => ({
    name: 'exec_command',
    input: {
      cmd: `printf '${content.replaceAll('\n', String.raw`\n`)}' | tee ${path}`,
      sandbox_permissions: 'require_escalated',
      justification: 'May I write the file?',
    },
  }),
};
