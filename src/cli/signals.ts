// SIGINT and SIGTERM.

/** Exit code of a command ended by Ctrl-C, as in a shell. */
export const INTERRUPTED_EXIT_CODE = 130;

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
    process.once('SIGINT', () => process.exit(INTERRUPTED_EXIT_CODE));
  });
}
