// Being asked to end: SIGTERM from a service manager, SIGINT from a keyboard.

/** Waits for the first of the two. */
export function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    process.once('SIGINT', () => resolve());
  });
}
