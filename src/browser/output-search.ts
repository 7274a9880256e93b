// Searches the output of a command line by line, without its control sequences.
import type { HubToDashboard } from '../protocol/hub-to-dashboard.ts';
import { createPlainOutput } from '../protocol/plain-output.ts';
import { createCarefulMatch } from './careful-match.ts';
import { createAddressMap, type LineAddress } from './output-address.ts';
import { countLines } from './output-page.ts';

export interface SearchQuery {
  text: string;
  isRegex: boolean;
  isCaseSensitive: boolean;
}

/** A match, as a range of a line. */
export interface MatchRange {
  start: number;
  end: number;
}

/** A match in the output. */
export interface OutputMatch extends MatchRange {
  address: LineAddress;
  /** The number of lines before its line, from the first one that the hub has. */
  linesBefore: number;
  /** How many matches its line has before it. */
  index: number;
}

/** The matches that can be visited. More are only counted. */
const MAX_MATCHES = 10_000;
/** Longer lines are searched up to this length. The limit of expressions is in careful-match.ts. */
const MAX_LINE_LENGTH = 100_000;

const NO_MATCHES: MatchRange[] = [];

export type Matcher = (line: string) => MatchRange[];

/**
 * Compiles a query.
 * @param onSlow is called once if its regular expression is too slow. Nothing matches from then on.
 * @throws {SyntaxError} if its regular expression is invalid
 */
export function compileQuery(
  { text: query, isRegex, isCaseSensitive }: SearchQuery,
  onSlow: () => void = () => {},
): Matcher {
  const source = isRegex ? query : query.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&');
  const pattern = new RegExp(source, isCaseSensitive ? 'gu' : 'giu');
  if (isRegex) return createExpressionMatcher(pattern, onSlow);
  return (line) => {
    const text = line.slice(0, MAX_LINE_LENGTH);
    // Most lines have no match, and `search` is faster.
    if (text.search(pattern) < 0) return NO_MATCHES;
    return toRanges([...text.matchAll(pattern)]);
  };
}

function createExpressionMatcher(pattern: RegExp, onSlow: () => void): Matcher {
  const match = createCarefulMatch(pattern);
  let isSlow = false;
  return (line) => {
    const found = isSlow ? [] : match(line);
    if (found !== null) return toRanges(found);
    isSlow = true;
    onSlow();
    return NO_MATCHES;
  };
}

const toRanges = (matches: RegExpExecArray[]): MatchRange[] =>
  matches
    .filter(([match]) => match !== '')
    .map(({ 0: match, index }) => ({ start: index, end: index + match.length }));

export type OutputSearch = ReturnType<typeof createOutputSearch>;

/** Creates a search. Pass it all messages about the output, in order. */
export function createOutputSearch(match: Matcher) {
  const plain = createPlainOutput();
  const addresses = createAddressMap();
  const matches: OutputMatch[] = [];
  let count = 0;
  let nextSequence = 0;
  /** Lines that were searched. */
  let searchedLines = 0;
  /** Line breaks in the chunks so far. */
  let writtenLines = 0;
  let isLineStart = true;

  function searchLines(text: string): void {
    for (const line of text.split('\n')) {
      const ranges = match(line);
      const address = ranges.length > 0 ? addresses.toAddress(searchedLines) : undefined;
      for (const [index, range] of ranges.entries()) {
        count += 1;
        if (!address || matches.length >= MAX_MATCHES) continue;
        matches.push({ ...range, address, linesBefore: searchedLines, index });
      }
      searchedLines += 1;
    }
  }

  /** Searches the last line, which has no line break. */
  function searchRest(): void {
    const last = plain.end();
    if (last !== '') searchLines(last);
  }

  return {
    /** Adds a message. Ignores chunks that it has already. A line is searched once it is complete. */
    add(message: HubToDashboard): void {
      if (message.type === 'terminal:complete') searchRest();
      if (message.type === 'terminal:gap')
        nextSequence = Math.max(nextSequence, message.toSequence);
      if (message.type !== 'terminal:output' || message.sequence < nextSequence) return;
      nextSequence = message.sequence + 1;
      addresses.add({ sequence: message.sequence, line: writtenLines, isLineStart });
      writtenLines += countLines(message.data);
      isLineStart = message.data.endsWith('\n');
      const complete = plain.write(message.data);
      if (complete !== '') searchLines(complete.slice(0, -1));
    },
    getCount: () => count,
    getMatches: (): readonly OutputMatch[] => matches,
    /** The number of lines before the chunk of an address. */
    countLinesBefore: (address: LineAddress) => addresses.toLine({ ...address, line: 0 }) ?? 0,
  };
}
