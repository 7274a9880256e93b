// Line icons on a 16 by 16 grid. They are hidden from screen readers: the element around them needs text or an aria-label.

const shapes = {
  plus: 'M8 3v10M3 8h10',
  close: 'm4 4 8 8m0-8-8 8',
  copy: 'M6 6V3.5h6.5V10H10M3.5 6H10v6.5H3.5z',
  stop: 'M4.5 4.5h7v7h-7z',
  send: 'M2.5 8h10M8.5 3.5 13 8l-4.5 4.5',
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9m3.3 7.8 3.2 3.2',
  down: 'M8 3v10m-4-4 4 4 4-4',
  up: 'M8 13V3M4 7l4-4 4 4',
  chevron: 'm4 6 4 4 4-4',
  expand: 'M9.5 3H13v3.5M6.5 13H3V9.5M13 3 9.3 6.7M3 13l3.7-3.7',
  signOut: 'M6.5 3h-3v10h3M7 8h6.5M11 5.5 13.5 8 11 10.5',
  user: 'M8 2.5a2.75 2.75 0 1 0 0 5.5 2.75 2.75 0 0 0 0-5.5M2.5 13.5c.5-2.3 2.7-3.5 5.5-3.5s5 1.2 5.5 3.5',
  theme:
    'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1m8 8 1 1M13 3l-1 1M4 12l-1 1',
  warning: 'M8 2 14.5 13.5h-13zM8 6.5v3.2m0 1.8v.2',
  minus: 'M3.5 8h9',
  bell: 'M3.5 11.5h9c-1-1-1.3-2-1.3-4.3a3.2 3.2 0 0 0-6.4 0c0 2.3-.3 3.3-1.3 4.3M6.8 13.8h2.4',
  more: 'M3 8h.01M8 8h.01M13 8h.01',
  menu: 'M2.5 4.5h11M2.5 8h11M2.5 11.5h11',
  again: 'M13 8a5 5 0 1 1-1.5-3.6M13 2.5v3h-3',
  agents: 'M2.5 4.5h6v4h-6zM8.5 6.5h3.5v5M12 11.5l-2-2m2 2 2-2',
  download: 'M8 2.5v8m-3-3 3 3 3-3M3 13.5h10',
  link: 'M6.8 9.2 9.2 6.8M7.5 4.6l1.6-1.6a2.8 2.8 0 0 1 4 4l-1.6 1.6M8.5 11.4 6.9 13a2.8 2.8 0 0 1-4-4l1.6-1.6',
  grip: 'M6 4h.01M10 4h.01M6 8h.01M10 8h.01M6 12h.01M10 12h.01',
  edit: 'M3 13l.6-2.8 7.2-7.2 2.2 2.2-7.2 7.2zM9.6 4.2l2.2 2.2',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.5v9l7.5-4.5z',
  bookmark: 'M4.5 2.5h7v11L8 10.8l-3.5 2.7z',
  check: 'm3 8.5 3.2 3.2L13 4.5',
} as const;

export type IconName = keyof typeof shapes;

/** An icon in the color of the surrounding text. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={shapes[name]} />
    </svg>
  );
}

/** The Signalbox logo: a signal arm on a post. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" width="28" height="28" aria-hidden="true">
      <path class="logo-post" d="M9 3v26M5 29h8" />
      <g class="logo-arm">
        <path d="M7 7.5h20v6H7z" />
        <path class="logo-stripe" d="M21.5 7.5v6" />
      </g>
      <circle class="logo-lamp" cx="9" cy="19.5" r="3.4" />
    </svg>
  );
}
