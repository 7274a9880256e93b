// Makes control characters visible: a name with a line break must not look like two names.

// oxlint-disable-next-line no-control-regex
const CONTROL = /[\0-\x08\n-\x1f\x7f]/g;

/** Replaces control characters other than tabs with their pictures, such as `␍`. */
export function showControls(text: string): string {
  return text.replace(CONTROL, (character) => {
    const code = character.charCodeAt(0);
    return code === 0x7f ? '\u2421' : String.fromCharCode(0x2400 + code);
  });
}
