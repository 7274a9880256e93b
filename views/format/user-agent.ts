// Shortens a User-Agent header to what a person recognizes.

/** In this order: Edge and Opera also contain `Chrome`, and Chrome also contains `Safari`. */
const programs: readonly [RegExp, string][] = [
  [/\bEdg\w*\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/^Bun\//, 'Command line'],
];

const systems: readonly [RegExp, string][] = [
  [/\bAndroid\b/, 'Android'],
  [/\b(?:iPhone|iPad)\b/, 'iOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/** For example `Firefox on Linux`. */
export function describeUserAgent(userAgent: string | null): string {
  const text = userAgent ?? '';
  const find = (names: readonly [RegExp, string][]) =>
    names.find(([pattern]) => pattern.test(text))?.[1];
  const program = find(programs);
  const system = find(systems);
  if (program === undefined) return text.slice(0, 60) || 'Unknown client';
  return system === undefined ? program : `${program} on ${system}`;
}
