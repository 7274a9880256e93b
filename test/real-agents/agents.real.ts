// The three programs people use, each through all of the suite: `make test-agents`.
import { describeAcpProgram } from '../support/agent/acp-suite.ts';
import { claude, codex, gemini } from './programs.ts';

for (const kit of [claude, gemini, codex]) describeAcpProgram(kit);
