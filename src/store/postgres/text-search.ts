// What the searches in commands and in output have in common.
import { encodeText } from './text-encoding.ts';
import type { AgentIds, PageQuery } from './command-pages.ts';

export type TextQuery = PageQuery & { q: string };

/** What to look for, and how long. */
export interface Search {
  query: TextQuery;
  agentIds: AgentIds;
  /** The time at which it ends, as `performance.now()` counts. */
  deadline: number;
}

/** How long an index has to answer, in milliseconds. */
export const INDEX_MS = 1_000;

/** Whether an index can find a text: it contains groups of three characters. */
export const isLongEnough = (text: string): boolean => Array.from(text).length >= 3;

/** The pattern of LIKE for everything that contains a text literally: `%` and `_` are not wildcards. */
export const toPattern = (text: string): string =>
  `%${encodeText(text).replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
