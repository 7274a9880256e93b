// Starts an AI program and opens a conversation with it, with a time limit for both.
import { type ClientApp, RequestError } from '@agentclientprotocol/sdk';
import type { Clock } from '../../protocol/clock.ts';
import { formatDuration } from '../../protocol/duration.ts';
import type { PidFile } from './pid-file.ts';
import { startAcpProcess } from './process.ts';
import { findExecutable, notInstalledNotice } from './programs.ts';
import { type AcpSession, openSession, type SessionOptions } from './session.ts';
import { isSignedOut } from './sign-in.ts';

const START_TIMEOUT_MS = 60_000;

export interface LaunchOptions extends SessionOptions {
  clock: Clock;
  pidFile: PidFile;
  client: ClientApp;
}

/** @throws if the program is not installed, is signed out (see `isAuthRequired`) or fails to start */
export async function launch(options: LaunchOptions): Promise<AcpSession> {
  const { acp, env, clock } = options;
  if (findExecutable(acp, env) === null) throw new Error(notInstalledNotice(acp));
  if (await isSignedOut(acp, env)) throw RequestError.authRequired();
  const acpProcess = startAcpProcess({ ...options, argv: acp.argv });
  const { promise: timedOut, reject } = Promise.withResolvers<never>();
  const cancelTimeout = clock.after(START_TIMEOUT_MS, () =>
    reject(new Error(`${acp.title} did not start within ${formatDuration(START_TIMEOUT_MS)}.`)),
  );
  const exited = acpProcess.exited.then((status): never => {
    const lastLine = acpProcess.stderrTail().trim().split('\n').at(-1) ?? '';
    throw new Error(`${acp.title} failed to start (${status}). ${lastLine}`.trim());
  });
  try {
    // If the connection just closes, report the exit status instead.
    const opened = openSession(acpProcess, options).catch((error: unknown) => {
      if (error instanceof RequestError) throw error;
      return exited;
    });
    return await Promise.race([opened, exited, timedOut]);
  } catch (error) {
    await acpProcess.close();
    throw error;
  } finally {
    cancelTimeout();
    exited.catch(() => undefined);
  }
}
