// Parses the parts of a Markdown page that tests compare with the code: headings, tables, code blocks and links.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');

export interface Section {
  level: number;
  /** The heading without backticks. */
  title: string;
  /** The headings above it, the outermost first. */
  parents: string[];
  /** The text up to the next heading of any level. */
  text: string;
}

export type Row = Record<string, string>;

/** Reads a file of the repository. */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Splits a page at its headings. Lines inside code blocks are never headings. */
export function parseSections(markdown: string): Section[] {
  const sections: Section[] = [];
  let isCode = false;
  for (const line of markdown.split('\n')) {
    if (line.startsWith('```')) isCode = !isCode;
    const [, hashes, heading] = (!isCode && /^(#+) (.+)$/.exec(line)) || [];
    if (hashes === undefined || heading === undefined) {
      const last = sections.at(-1);
      if (last) last.text += `${line}\n`;
      continue;
    }
    const level = hashes.length;
    const above = sections.filter((one, at) => {
      const between = sections.slice(at + 1).map((next) => next.level);
      return one.level < level && between.every((next) => next > one.level);
    });
    const parents = above.map((one) => one.title);
    sections.push({ level, title: heading.replaceAll('`', ''), parents, text: '' });
  }
  return sections;
}

/** The rows of a section's tables that have this column. Cells lose their backticks. */
export function parseRows({ text }: Section, column: string): Row[] {
  const tables = text.split('\n\n').filter((block) => block.startsWith('|'));
  return tables.flatMap((table) => {
    const [header = [], , ...rows] = table.trim().split('\n').map(parseCells);
    if (!header.includes(column)) return [];
    return rows.map((cells) =>
      Object.fromEntries(header.map((name, at) => [name, cells[at] ?? ''])),
    );
  });
}

function parseCells(line: string): string[] {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1);
  return cells.map((cell) => cell.replaceAll('`', '').trim());
}

/** The contents of a section's code blocks in one language. */
export function parseCodeBlocks({ text }: Section, language: string): string[] {
  const blocks = text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'));
  return [...blocks].map(([, code = '']) => code);
}

/** The anchors of a page's headings, as GitHub derives them. */
export function parseAnchors(sections: readonly Section[]): Set<string> {
  const anchors = new Set<string>();
  for (const { title } of sections) {
    const slug = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  return anchors;
}
