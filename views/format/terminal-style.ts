// The style of terminal text: what an SGR sequence (`ESC [ … m`) selects. Colors are the 16 of the theme, which the
// stylesheet names, or values of their own.

/** A color: the index of one of the 16 of the theme, `#rrggbb`, or null for the default. */
export type Color = number | string | null;

export interface Style {
  readonly foreground: Color;
  readonly background: Color;
  readonly flags: readonly Flag[];
  /** The target of a link (OSC 8): an http or https URL. */
  readonly link?: string;
}

type Flag = 'strong' | 'dim' | 'italic' | 'underline' | 'inverse' | 'hidden' | 'strike';

export const plainStyle: Style = { foreground: null, background: null, flags: [] };

const flagsByCode: Record<number, Flag> = {
  1: 'strong',
  2: 'dim',
  3: 'italic',
  4: 'underline',
  7: 'inverse',
  8: 'hidden',
  9: 'strike',
  21: 'underline',
};
const endedByCode: Record<number, readonly Flag[]> = {
  22: ['strong', 'dim'],
  23: ['italic'],
  24: ['underline'],
  27: ['inverse'],
  28: ['hidden'],
  29: ['strike'],
};
/** The levels of the color cube among the 256 colors. */
const levels = [0, 95, 135, 175, 215, 255];

/** Returns the style after an SGR sequence. @param parameters the text between `ESC [` and `m` */
export function applySgr(style: Style, parameters: string): Style {
  // `38:2:r:g:b`, with colons, and sometimes an empty color space: `38:2::r:g:b`.
  const codes = parameters
    .split(';')
    .flatMap((part) => (part.includes(':') ? splitColons(part) : [Number(part || 0)]));
  let { foreground, background } = style;
  let flags = new Set(style.flags);
  while (codes.length > 0) {
    const code = codes.shift() ?? 0;
    const flag = flagsByCode[code];
    if (code === 0) [foreground, background, flags] = [null, null, new Set()];
    else if (flag) flags.add(flag);
    else if (endedByCode[code]) for (const ended of endedByCode[code]) flags.delete(ended);
    else if (code >= 30 && code <= 37) foreground = code - 30;
    else if (code >= 90 && code <= 97) foreground = code - 82;
    else if (code >= 40 && code <= 47) background = code - 40;
    else if (code >= 100 && code <= 107) background = code - 92;
    else if (code === 38) foreground = readColor(codes, foreground);
    else if (code === 48) background = readColor(codes, background);
    else if (code === 58) readColor(codes, null);
    else if (code === 39) foreground = null;
    else if (code === 49) background = null;
  }
  return { foreground, background, flags: [...flags] };
}

function splitColons(part: string): number[] {
  const [kind, space, ...rest] = part.split(':');
  const numbers = [kind, space, ...(rest.length > 3 ? rest.slice(-3) : rest)].map(Number);
  // `4:3` is an underline of another form; `4:0` ends it.
  if (kind === '4') return [space === '0' ? 24 : 4];
  return numbers;
}

/** Reads the rest of `38;5;n` or `38;2;r;g;b`. */
function readColor(codes: number[], current: Color): Color {
  const kind = codes.shift();
  if (kind === 5) return fromPalette(codes.shift() ?? -1) ?? current;
  if (kind !== 2) return current;
  return toHex(codes.splice(0, 3)) ?? current;
}

function fromPalette(index: number): Color {
  if (index < 0 || index > 255 || !Number.isInteger(index)) return null;
  if (index < 16) return index;
  if (index > 231) return toHex(Array.from({ length: 3 }, () => 8 + 10 * (index - 232)));
  const at = index - 16;
  return toHex([Math.floor(at / 36), Math.floor(at / 6) % 6, at % 6].map((n) => levels[n] ?? 0));
}

function toHex(channels: readonly number[]): string | null {
  if (channels.length !== 3 || !channels.every((n) => n >= 0 && n <= 255)) return null;
  return `#${channels.map((n) => Math.floor(n).toString(16).padStart(2, '0')).join('')}`;
}
