// The mutants of a source file. They are made line by line, which is enough for code that the formatter has laid out.

export interface Mutant {
  file: string;
  line: number;
  /** What changed, for people. */
  change: string;
  /** The whole changed file. */
  text: string;
}

const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ >= /g, ' < '],
  [/ <= /g, ' > '],
  [/ > (?=[\w(])/g, ' <= '],
  [/ < (?=[\w(])/g, ' >= '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/ \+ 1\b/g, ''],
  [/ - 1\b/g, ''],
  [/\(!/g, '('],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
];

/** A statement on one line that calls or assigns something, and can be left out. */
const STATEMENT =
  /^\s+(?!return|const|let|throw|if|for|while|case|default|export|import|type|interface)[\w.?()[\]]+.*;$/;
const RETURN = /^(\s+)(if \(.*\) )?return;$/;
const CONTINUE = /^\s+if \(.*\) (continue|return)\b.*;$/;

const transpiler = new Bun.Transpiler({ loader: 'ts' });

/** Whether a mutant is valid TypeScript. A line without the others of its statement may not be. */
function isValid({ text }: Mutant): boolean {
  try {
    transpiler.transformSync(text);
    return true;
  } catch {
    return false;
  }
}

/** Lists the mutants of a file. Comments, imports, types and log lines have none. */
export function listMutants(file: string, source: string): Mutant[] {
  const lines = source.split('\n');
  return lines.flatMap((line, index) => {
    if (isIgnored(line)) return [];
    return mutateLine(line)
      .map((mutated) => ({
        file,
        line: index + 1,
        change: `${line.trim()}  =>  ${mutated.trim() || '(nothing)'}`,
        text: lines.with(index, mutated).join('\n'),
      }))
      .filter(isValid);
  });
}

function isIgnored(line: string): boolean {
  const text = line.trim();
  return (
    /^(\/\/|\/\*|\*|import|export (type|interface|const)|type |\||readonly )/.test(text) ||
    /^\w+\??: [\w<>[\], |.'()=-]+;$/.test(text) ||
    /^\w+\(.*\): .*;$/.test(text) ||
    /\blog\.(info|warn|error)\(/.test(text) ||
    text.includes('satisfies never')
  );
}

function mutateLine(line: string): string[] {
  const replaced = REPLACEMENTS.flatMap(([pattern, replacement]) =>
    [...line.matchAll(pattern)]
      .filter((match) => !isInText(line, match.index))
      .map(
        (match) =>
          line.slice(0, match.index) + replacement + line.slice(match.index + match[0].length),
      ),
  );
  const isRemovable = STATEMENT.test(line) || RETURN.test(line) || CONTINUE.test(line);
  return isRemovable ? [...replaced, ''] : replaced;
}

/** Whether a position is inside a string. */
function isInText(line: string, position: number): boolean {
  return ["'", '"', '`'].some((quote) => line.slice(0, position).split(quote).length % 2 === 0);
}
