// Pauses reading from a program, so that its output does not fill the agent's memory.

export type Gate = ReturnType<typeof createGate>;

/** Starts open. Both `close` and `open` are idempotent. */
export function createGate() {
  let closed: PromiseWithResolvers<void> | null = null;

  return {
    close(): void {
      closed ??= Promise.withResolvers();
    },
    open(): void {
      closed?.resolve();
      closed = null;
    },
    /** Resolves immediately if the gate is open, otherwise when it opens. */
    passed: (): Promise<void> | undefined => closed?.promise,
  };
}
