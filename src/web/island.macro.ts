// Bundles the client-side script into a string. Runs as a macro, when the hub is built or started from source.

/**
 * Bundles src/browser/main.ts for browsers.
 * @throws if bundling fails, which fails the build
 */
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
  if (exitCode !== 0) throw new Error(`Failed to bundle the island:\n${stderr.toString()}`);
  return stdout.toString();
}
