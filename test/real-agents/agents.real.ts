// The conformance suite for Claude Code, Gemini CLI and Codex: `make test-agents`.
import { describeAcpProgram } from '../support/agent/acp-suite.ts';
import { claude, codex, gemini } from './programs.ts';

for (const options of [claude, gemini, codex]) describeAcpProgram(options);
