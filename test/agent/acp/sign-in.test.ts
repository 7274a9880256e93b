import { expect, test } from 'bun:test';
import { isSignedOut } from '../../../src/agent/acp/sign-in.ts';
import type { AcpProgram } from '../../../src/agent/acp/programs.ts';

test('the sign-in check does not inherit the agent token', async () => {
  const program = {
    signInStatus: { argv: ['env'], signedOut: /SIGNALBOX_AGENT_TOKEN/ },
  } as Pick<AcpProgram, 'signInStatus'> as AcpProgram;
  const env = { ...process.env, SIGNALBOX_AGENT_TOKEN: 'secret', OTHER: 'kept' };
  expect(await isSignedOut(program, env)).toBe(false);
  const other = { ...program, signInStatus: { argv: ['env'], signedOut: /OTHER=kept/ } };
  expect(await isSignedOut(other, env)).toBe(true);
});
