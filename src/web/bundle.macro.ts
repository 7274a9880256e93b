// Bundles what the pages load into strings. Runs as macros, when the hub is built or started from source.
import { readFileSync } from 'node:fs';
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
 * The URLs of fonts are `font:NAME`.
 * @throws if bundling fails, which fails the build
 */
export function bundleStyles(): string {
  const { outputFiles } = buildSync({
    entryPoints: [`${root}/public/styles/index.css`],
    bundle: true,
    minify: true,
    write: false,
    logLevel: 'error',
    external: ['font:*'],
  });
  const [bundle] = outputFiles;
  if (!bundle) throw new Error('Failed to bundle the styles: no output.');
  return bundle.text;
}

/** Reads a font of public/fonts, in Base64. */
export function readFont(name: string): string {
  return readFileSync(`${root}/public/fonts/${name}.woff2`, 'base64');
}
