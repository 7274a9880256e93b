// What the operating system says about processes that a test has started.

/** Whether a process runs: one that waits to be reaped does not. */
export function isRunning(pid: number): boolean {
  const { stdout } = Bun.spawnSync(['ps', '-o', 'stat=', '-p', String(pid)]);
  return !['', 'Z'].includes(stdout.toString().trim().slice(0, 1));
}

/** The first number in a text. */
export function firstNumber(text: string): number {
  return Number(/\d+/.exec(text)?.[0]);
}

/** Turns the event loop until something outside of it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => void setImmediate(resolve));
}
