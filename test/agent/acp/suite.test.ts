// The suite that real programs pass, with a small one that needs no installation.
import { join } from 'node:path';
import { acpSuite } from '../../support/agent/acp-suite.ts';

const argv = [
  process.execPath,
  join(import.meta.dir, '../../support/agent/acp-program-process.ts'),
];

acpSuite({
  name: 'a scripted program',
  program: (home, modelUrl) => ({
    title: 'Scripted',
    argv,
    env: { HOME: home, ANTHROPIC_BASE_URL: modelUrl },
  }),
  loggedOut: (home) => ({
    title: 'Scripted',
    argv,
    env: { HOME: home, TEST_LOGIN: 'missing' },
    signIn: 'scripted login',
  }),
  tells: { usage: false, cost: false },
  writeFile: (path, content) => ({ name: 'write', input: { path, content } }),
  errors: {
    500: 'The model says 500',
    429: 'The model says 429',
    529: 'The model says 529',
  },
  patience: 10_000,
});
