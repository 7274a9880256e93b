// The tools of a terminal: search, copy, download, how it looks, and typing into it. The island makes them work
// (src/browser/terminal-tools.ts). They stay hidden until it has opened the terminal.
import { Icon, type IconName } from './icons.tsx';

interface ToolProps {
  icon: IconName;
  label: string;
  [attribute: `data-${string}`]: string;
}

function Tool({ icon, label, ...attributes }: ToolProps) {
  return (
    <button class="icon-button" type="button" title={label} aria-label={label} {...attributes}>
      <Icon name={icon} />
    </button>
  );
}

/** The line above a terminal: what typing does, or whose window its size follows, and the tools. */
export function TerminalToolbar({ terminalId }: { terminalId: string }) {
  return (
    <div class="terminal-toolbar" data-toolbar hidden>
      <button class="button button-small" type="button" data-type hidden>
        Type in the terminal
      </button>
      <p class="terminal-hint" data-hint role="status" />
      <button class="button button-small" type="button" data-take-over hidden>
        Take over
      </button>
      <div class="terminal-tools" role="toolbar" aria-label="Terminal">
        <Tool icon="search" label="Search the output" data-tool="search" />
        <Tool icon="copy" label="Copy" data-tool="copy" />
        <Tool icon="expand" label="Full screen" data-tool="full-screen" />
        <button
          class="icon-button"
          type="button"
          popovertarget={`${terminalId}-menu`}
          title="More"
          aria-label="More tools of the terminal"
        >
          <Icon name="more" />
        </button>
      </div>
      <TerminalMenu id={`${terminalId}-menu`} />
    </div>
  );
}

function TerminalMenu({ id }: { id: string }) {
  return (
    <div id={id} class="menu terminal-menu" popover="auto">
      <div class="menu-row">
        <span>Font size</span>
        <Tool icon="minus" label="Smaller font" data-tool="smaller" />
        <Tool icon="plus" label="Larger font" data-tool="larger" />
      </div>
      <Preference name="wrap" label="Wrap lines" />
      <Preference name="times" label="Show times" />
      <Preference name="screenReader" label="Screen reader mode" />
      <hr />
      <button class="menu-item" type="button" data-tool="link">
        Copy link to line
      </button>
      <a class="menu-item" data-download="plain" download>
        Download as text
      </a>
      <a class="menu-item" data-download="raw" download>
        Download with control sequences
      </a>
    </div>
  );
}

function Preference({ name, label }: { name: string; label: string }) {
  return (
    <label class="menu-item">
      <input type="checkbox" data-preference={name} />
      <span>{label}</span>
    </label>
  );
}

/** The search form. It opens below the toolbar, at once if it has a text. */
export function TerminalSearch({ text }: { text: string }) {
  return (
    <form class="terminal-search" data-search role="search" hidden>
      <input
        type="search"
        name="text"
        value={text}
        placeholder="Search the output"
        aria-label="Search the output"
        autocomplete="off"
        spellcheck={false}
      />
      <Toggle name="isCaseSensitive" label="Match case" text="Aa" />
      <Toggle name="isRegex" label="Regular expression" text=".*" />
      <output data-search-count aria-live="polite" />
      <Tool icon="up" label="Previous match" data-search-move="-1" />
      <Tool icon="down" label="Next match" data-search-move="1" />
      <Tool icon="close" label="Close the search" data-search-close="" />
    </form>
  );
}

function Toggle({ name, label, text }: { name: string; label: string; text: string }) {
  return (
    <label class="terminal-toggle" title={label}>
      <input type="checkbox" name={name} aria-label={label} />
      <span aria-hidden="true">{text}</span>
    </label>
  );
}

/** The button that returns to the end of the output. */
export function TerminalFollow() {
  return (
    <button class="button button-small terminal-follow" type="button" data-follow hidden>
      <span />
      <Icon name="down" />
    </button>
  );
}

/** What happened to keystrokes that may not have arrived. */
export function TerminalNote() {
  return (
    <div class="terminal-note" data-note role="alert" hidden>
      <Icon name="warning" />
      <span />
      <button class="button button-small" type="button" data-note-dismiss>
        Dismiss
      </button>
    </div>
  );
}

const KEYS = [
  { key: 'escape', text: 'Esc' },
  { key: 'tab', text: 'Tab' },
  { key: 'control', text: 'Ctrl' },
  { key: 'left', text: '←', label: 'Left' },
  { key: 'up', text: '↑', label: 'Up' },
  { key: 'down', text: '↓', label: 'Down' },
  { key: 'right', text: '→', label: 'Right' },
  { key: 'slash', text: '/', label: 'Slash' },
  { key: 'minus', text: '-', label: 'Minus' },
  { key: 'pipe', text: '|', label: 'Pipe' },
  { key: 'page-up', text: 'PgUp', label: 'Page up' },
  { key: 'page-down', text: 'PgDn', label: 'Page down' },
  { key: 'home', text: 'Home' },
  { key: 'end', text: 'End' },
];

/** The keys that the keyboards of phones lack. Shown above the keyboard while somebody types. */
export function TerminalKeys() {
  return (
    <div class="terminal-keys" data-keys role="toolbar" aria-label="Keys" hidden>
      {KEYS.map(({ key, text, label }) => (
        <button
          key={key}
          class="button button-small"
          type="button"
          data-key={key}
          aria-label={label}
        >
          {text}
        </button>
      ))}
    </div>
  );
}

/** Asks before a link is opened or several lines are pasted. The island fills it. */
export function TerminalConfirm({ id }: { id?: string }) {
  return (
    <dialog id={id} class="terminal-confirm" data-confirm aria-label="Confirm">
      <p />
      <pre>
        <code />
      </pre>
      <form class="dialog-buttons" method="dialog">
        <button class="button" value="no" autofocus>
          Cancel
        </button>
        <button class="button button-primary" value="yes" />
      </form>
    </dialog>
  );
}
