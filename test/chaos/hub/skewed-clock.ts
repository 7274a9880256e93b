// A process whose clock is ahead or behind: libfaketime changes the time of day, and not what timers use. `make faketime` installs it.

/** Where packages install libraries, in a folder for each architecture. */
const LIBRARIES = '/usr/lib';

/**
 * Returns the environment of a process whose clock is ahead of the system clock by `seconds`.
 * @throws if libfaketime is not installed: the linker would only warn, and the clock would be right
 */
export function skewClock(seconds: number, libraries = LIBRARIES): Record<string, string> {
  const files = new Bun.Glob('*/faketime/libfaketime.so.1');
  const [library] = files.scanSync({ cwd: libraries, absolute: true });
  if (library === undefined) {
    throw new Error(
      `There is no */faketime/libfaketime.so.1 in ${libraries}, without which the clocks of hubs cannot differ. Run: make faketime`,
    );
  }
  return {
    LD_PRELOAD: library,
    FAKETIME: `${seconds < 0 ? '' : '+'}${seconds}`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    DONT_FAKE_MONOTONIC: '1',
  };
}
