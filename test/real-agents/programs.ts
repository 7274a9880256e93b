// The real programs, as `make test-agents` installs them, at home in a folder of their own and with our model.
import { Glob } from 'bun';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acpPrograms } from '../../src/agent/acp/programs.ts';
import type { AcpSuiteOptions } from '../support/agent/acp-suite.ts';

/** Where they are installed. */
const FOLDER = join(import.meta.dir, '../../.cache/agents/node_modules/.bin');
const PATIENCE_MS = 60_000;

function installed(name: string): string {
  const path = join(FOLDER, name);
  if (!existsSync(path)) throw new Error(`${path} is missing: run "make test-agents"`);
  return path;
}

/** Everything they could ask of the internet is off, or leads nowhere. */
const alone = (home: string) => ({
  HOME: home,
  XDG_CONFIG_HOME: join(home, '.config'),
  NO_PROXY: '127.0.0.1,localhost',
  no_proxy: '127.0.0.1,localhost',
  NO_BROWSER: '1',
});

/** What a developer's own environment may have to log in with. */
const nobody = {
  ANTHROPIC_API_KEY: '',
  ANTHROPIC_AUTH_TOKEN: '',
  CLAUDE_CODE_OAUTH_TOKEN: '',
  GEMINI_API_KEY: '',
  GOOGLE_API_KEY: '',
  OPENAI_API_KEY: '',
  CODEX_API_KEY: '',
};

const claudeStatus = () => ({
  argv: [installed('claude-agent-acp'), '--cli', 'auth', 'status'],
  signedOut: acpPrograms.claude.signInStatus?.signedOut ?? /nobody/,
});

export const claude: AcpSuiteOptions = {
  name: 'claude',
  testTimeoutMs: PATIENCE_MS,
  modelErrors: {
    500: 'Model error 500',
    429: 'Model error 429',
    529: 'Model error 529',
  },
  createProgram: (home, modelUrl) => ({
    ...acpPrograms.claude,
    argv: [installed('claude-agent-acp')],
    signInStatus: claudeStatus(),
    env: {
      ...alone(home),
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
    argv: [installed('claude-agent-acp')],
    signInStatus: claudeStatus(),
    env: { ...alone(home), ...nobody },
  }),
  reports: { usage: true, cost: true },
  createWriteCall: (path, content) => ({ name: 'Write', input: { file_path: path, content } }),
};

export const gemini: AcpSuiteOptions = {
  name: 'gemini',
  testTimeoutMs: PATIENCE_MS,
  modelErrors: {
    500: 'Model error 500',
    429: 'Model error 429',
    529: 'Model error 529',
  },
  // It names a conversation's file by the minute in which it begins, and by that in which it is taken up again: in the
  // same minute it writes over what it was to read.
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
      argv: [installed('gemini'), '--acp'],
      env: {
        ...alone(home),
        GOOGLE_GEMINI_BASE_URL: modelUrl,
        GEMINI_API_KEY: 'stub',
        GEMINI_MODEL: 'gemini-2.5-pro',
      },
    };
  },
  createSignedOutProgram: (home) => ({
    ...acpPrograms.gemini,
    argv: [installed('gemini'), '--acp'],
    env: { ...alone(home), ...nobody },
  }),
  reports: { usage: false, cost: false },
  createWriteCall: (path, content) => ({ name: 'write_file', input: { file_path: path, content } }),
};

const CODEX_CONFIG = (modelUrl: string) => `
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
  testTimeoutMs: PATIENCE_MS,
  modelErrors: {
    500: 'experiencing high demand',
    429: 'last status: 429',
    529: 'Model error 529',
  },
  createProgram(home, modelUrl) {
    mkdirSync(join(home, '.codex'), { recursive: true });
    writeFileSync(join(home, '.codex/config.toml'), CODEX_CONFIG(modelUrl));
    return {
      ...acpPrograms.codex,
      argv: [installed('codex-acp')],
      env: {
        ...alone(home),
        CODEX_HOME: join(home, '.codex'),
        OPENAI_API_KEY: 'stub',
        INITIAL_AGENT_MODE: 'read-only',
      },
    };
  },
  createSignedOutProgram: (home) => ({
    ...acpPrograms.codex,
    argv: [installed('codex-acp')],
    env: { ...alone(home), ...nobody },
  }),
  reports: { usage: true, cost: false },
  // Its sandbox forbids writing: its model asks to run the command outside of it.
  createWriteCall: (path, content) => ({
    name: 'exec_command',
    input: {
      cmd: `printf '${content.replaceAll('\n', String.raw`\n`)}' | tee ${path}`,
      sandbox_permissions: 'require_escalated',
      justification: 'May I write the file?',
    },
  }),
};
