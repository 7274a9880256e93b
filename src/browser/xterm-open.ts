// Creates an xterm in the page: its options, its add-ons and its renderer.
import { Unicode11Addon } from '@xterm/addon-unicode11';
import { WebLinksAddon } from '@xterm/addon-web-links';
import { Terminal } from '@xterm/xterm';
import { watchTheme } from './terminal-theme.ts';

/** The cells that a terminal may hold with its scrollback. Each takes 12 bytes. */
const MAX_CELLS = 10_000_000;
const MAX_SCROLLBACK = 50_000;
/** A terminal wider than this holds fewer lines. */
const NORMAL_COLUMNS = MAX_CELLS / MAX_SCROLLBACK;

/** The number of lines that a terminal of this width keeps. */
export function scrollbackFor(columns: number): number {
  return Math.floor(MAX_CELLS / Math.max(columns, NORMAL_COLUMNS));
}

/**
 * Opens a terminal in `host`.
 * @param onLink is called with an http or https URL that the user has clicked
 * @param onFont is called when the size of the characters has changed, because their font has arrived
 */
export function openXterm(
  host: HTMLElement,
  onLink: (url: string) => void,
  onFont: () => void,
): Terminal {
  const style = getComputedStyle(host);
  const terminal = new Terminal({
    allowProposedApi: true,
    convertEol: true,
    disableStdin: true,
    cursorInactiveStyle: 'none',
    cursorStyle: 'bar',
    cursorWidth: 1,
    fontFamily: 'monospace',
    fontSize: Number.parseFloat(style.fontSize),
    lineHeight: 1.25,
    linkHandler: { activate: (_event, url) => openLink(url) },
    minimumContrastRatio: 4.5,
    scrollback: MAX_SCROLLBACK,
  });
  /** Programs can print links with any protocol. */
  function openLink(url: string): void {
    if (/^https?:\/\//i.test(url)) onLink(url);
  }
  terminal.loadAddon(new WebLinksAddon((_event, url) => openLink(url)));
  terminal.loadAddon(new Unicode11Addon());
  terminal.unicode.activeVersion = '11';
  terminal.open(host);
  void loadWebgl(terminal);
  // A change of the font makes xterm measure its characters, which it must not do before the font has arrived.
  const useFont = () => {
    terminal.options.fontFamily = style.fontFamily;
    onFont();
  };
  document.fonts.load(`${style.fontSize} ${style.fontFamily}`).then(useFont, useFont);
  const stopWatching = watchTheme((theme) => {
    terminal.options.theme = theme;
  });
  terminal.loadAddon({ activate: () => {}, dispose: stopWatching });
  return terminal;
}

/** Renderers that use the processor instead of a graphics card. */
const SOFTWARE_RENDERER = /swiftshader|llvmpipe|softpipe|software|basic render/i;

/** Whether a graphics card draws. Software rendering is slower than the DOM. */
function hasGraphicsCard(): boolean {
  const canvas = document.createElement('canvas');
  const probe = canvas.getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  if (!probe) return false;
  const info = probe.getExtension('WEBGL_debug_renderer_info');
  const renderer: unknown = probe.getParameter(info?.UNMASKED_RENDERER_WEBGL ?? probe.RENDERER);
  probe.getExtension('WEBGL_lose_context')?.loseContext();
  return !SOFTWARE_RENDERER.test(String(renderer));
}

/** Draws with WebGL where a graphics card supports it. */
async function loadWebgl(terminal: Terminal): Promise<void> {
  if (!hasGraphicsCard()) return;
  try {
    const { WebglAddon } = await import('@xterm/addon-webgl');
    const webgl = new WebglAddon();
    webgl.onContextLoss(() => webgl.dispose());
    terminal.loadAddon(webgl);
  } catch (error) {
    console.warn('The terminal is drawn without WebGL.', error);
  }
}
