// Bundles what the pages load into strings. Runs as macros, when the hub is built or started from source.
import { buildSync } from 'esbuild';

const root = `${import.meta.dir}/../..`;

/**
 * Bundles src/browser/main.ts for browsers.
 * @throws if bundling fails, which fails the build
 */
export function bundleIsland(): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([
    process.execPath,
    'build',
    '--target=browser',
    '--format=iife',
    '--minify',
    `${root}/src/browser/main.ts`,
  ]);
  if (exitCode !== 0) throw new Error(`Failed to bundle the browser script:\n${stderr.toString()}`);
  return stdout.toString();
}

/**
 * Bundles public/styles/index.css. Bun's CSS bundler rejects scroll-state() queries and rewrites light-dark().
 * @throws if bundling fails, which fails the build
 */
export function bundleStyles(): string {
  const { outputFiles } = buildSync({
    entryPoints: [`${root}/public/styles/index.css`],
    bundle: true,
    minify: true,
    write: false,
    logLevel: 'error',
  });
  const [bundle] = outputFiles;
  if (!bundle) throw new Error('Failed to bundle the styles: no output.');
  return bundle.text;
}
