// Runs while the server is bundled or started, never inside it: the page's island as one script, in a string.

/** Bundles src/browser/main.ts for browsers; throws where that fails, so that no binary without an island is made. */
export function bundleIsland(): string {
  const entry = `${import.meta.dir}/../browser/main.ts`;
  const { exitCode, stdout, stderr } = Bun.spawnSync([
    process.execPath,
    'build',
    '--target=browser',
    '--format=iife',
    '--minify',
    entry,
  ]);
  if (exitCode !== 0) throw new Error(`The island does not build:\n${stderr.toString()}`);
  return stdout.toString();
}
