// Runs the conformance suite with the scripted program, which needs no installation.
import { join } from 'node:path';
import { describeAcpProgram } from '../../support/agent/acp-suite.ts';

const argv = [
  process.execPath,
  join(import.meta.dir, '../../support/agent/acp-program-process.ts'),
];

describeAcpProgram({
  name: 'a scripted program',
  createProgram: (home, modelUrl) => ({
    title: 'Scripted',
    argv,
    env: { HOME: home, ANTHROPIC_BASE_URL: modelUrl },
  }),
  createSignedOutProgram: (home) => ({
    title: 'Scripted',
    argv,
    env: { HOME: home, TEST_LOGIN: 'missing' },
    signIn: 'scripted login',
  }),
  reports: { usage: false, cost: false },
  createWriteCall: (path, content) => ({ name: 'write', input: { path, content } }),
  modelErrors: {
    500: 'Model error 500',
    429: 'Model error 429',
    529: 'Model error 529',
  },
  testTimeoutMs: 60_000,
});
