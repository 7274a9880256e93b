// Waiting for something to be so: looked at after every change, never after a while.

export function createChanges() {
  const watchers = new Set<() => void>();

  return {
    /** Something has changed. */
    tell() {
      for (const watch of watchers) watch();
    },
    /** Resolves once something is so. */
    when(isSo: () => boolean): Promise<void> {
      return new Promise((resolve) => {
        function watch() {
          if (!isSo()) return;
          watchers.delete(watch);
          resolve();
        }
        watchers.add(watch);
        watch();
      });
    },
  };
}
