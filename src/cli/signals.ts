// SIGINT, SIGTERM and SIGHUP.
import { ExitCode } from './exit-codes.ts';

/** Resolves at the first SIGTERM (service manager) or SIGINT (Ctrl-C). */
export function waitForStopSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}

/** Calls `onInterrupt` at the first Ctrl-C. The second one exits. */
export function handleInterrupt(onInterrupt: () => void): void {
  process.once('SIGINT', () => {
    onInterrupt();
    process.once('SIGINT', () => process.exit(ExitCode.interrupted));
  });
}

/** Calls `onReload` at every SIGHUP. Returns a function that restores the default: SIGHUP ends the process. */
export function handleReload(onReload: () => void): () => void {
  process.on('SIGHUP', onReload);
  return () => void process.off('SIGHUP', onReload);
}
