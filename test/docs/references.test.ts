// Every page and section that a comment in the code points to exists, and every link between the pages works.
import { describe, expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Glob } from 'bun';
import { parseAnchors, parseSections, readText } from './markdown.ts';

const ROOT = join(import.meta.dir, '../..');
const PAGES = [...new Glob('docs/**/*.md').scanSync(ROOT)];
const SOURCES = ['src', 'views', 'test'].flatMap((folder) => [
  ...new Glob(`${folder}/**/*.{ts,tsx,mjs}`).scanSync(ROOT),
]);

interface Reference {
  /** Such as `docs/protocol.md`. */
  page: string;
  /** The headings named after it. */
  titles: string[];
}

/** The references in the comments of a file: a page, and the quoted headings that follow it, with "and" or commas. */
function listReferences(source: string): Reference[] {
  // A comment is one text, however it is wrapped.
  const text = source.replaceAll(/\n\s*(?:\/\/|\*(?!\/))\s*/g, ' ');
  const found = text.matchAll(/\b(docs\/[\w/-]+\.md)((?:(?:,| and)? "[^"\n]+")*)/g);
  return [...found].map(([, page = '', rest = '']) => ({
    page,
    titles: [...rest.matchAll(/"([^"]+)"/g)].map(([, title = '']) => title),
  }));
}

const titles = new Map<string, string[]>();

function titlesOf(page: string): string[] {
  const known =
    titles.get(page) ?? parseSections(readText(page)).map(({ title }) => title.toLowerCase());
  titles.set(page, known);
  return known;
}

describe('a reference in a comment', () => {
  test('is found however it is written', () => {
    const source = `
      // Before it (docs/protocol.md,
      // "Close codes"; docs/data-model.md "Server state").
      /**
       * @see docs/protocol.md, "Agents" and "Commands", "Output"
       */`;
    expect(listReferences(source)).toEqual([
      { page: 'docs/protocol.md', titles: ['Close codes'] },
      { page: 'docs/data-model.md', titles: ['Server state'] },
      { page: 'docs/protocol.md', titles: ['Agents', 'Commands', 'Output'] },
    ]);
  });

  test('points to a page and a section that exist', () => {
    const broken = SOURCES.filter((file) => !file.endsWith('docs/references.test.ts')).flatMap(
      (file) =>
        listReferences(readText(file)).flatMap(({ page, titles: named }) => {
          if (!existsSync(join(ROOT, page))) return [`${file}: ${page}`];
          const known = titlesOf(page);
          const missing = named.filter((title) => !known.includes(title.toLowerCase()));
          return missing.map((title) => `${file}: ${page}, "${title}"`);
        }),
    );
    expect(broken).toEqual([]);
  });
});

test.each(PAGES)('the links of %s work', (page) => {
  const links = [...readText(page).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
  const broken = links.filter(([, path = '', anchor]) => {
    const target = path === '' ? page : join(page, '..', path);
    if (!existsSync(join(ROOT, target))) return true;
    return anchor !== undefined && !parseAnchors(parseSections(readText(target))).has(anchor);
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

const texts = ['*.md', 'docs/*.md', 'bench/*.md'].flatMap((glob) => [
  ...new Glob(glob).scanSync(ROOT),
]);

test.each(texts)('%s contains no marker of a merge conflict', (page) => {
  // Formatters change the markers to quotes and escaped lines.
  expect(readText(page)).not.toMatch(/^ *(?:<{7} |(?:> ?){7} |\\?={7}$)/m);
});
