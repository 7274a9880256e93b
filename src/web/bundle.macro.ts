// Bundles what the pages load into strings. Runs as macros, when the hub is built or started from source.
import { readFileSync } from 'node:fs';
import { buildSync } from 'esbuild';

const root = `${import.meta.dir}/../..`;

/**
 * Bundles src/browser/main.ts for browsers: the island, and one file for each part that it imports dynamically. Returns
 * their text by name. Each name contains a hash of the content: `island.4X2ZQW7B.js`.
 * @throws if bundling fails, which fails the build
 */
export function bundleIsland(): Record<string, string> {
  const { outputFiles } = buildSync({
    entryPoints: { island: `${root}/src/browser/main.ts` },
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    entryNames: '[name].[hash]',
    chunkNames: '[name].[hash]',
    outdir: '/',
    write: false,
    logLevel: 'error',
  });
  return Object.fromEntries(outputFiles.map(({ path, text }) => [path.slice(1), text]));
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
