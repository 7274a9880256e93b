// The frame and the readers of pages. Agents, commands and approval requests are in test/support/samples.ts.
import type { Frame, Reader } from '../../views/components/layout.tsx';

export const frame: Frame = {
  assets: {
    css: '/assets/s.css',
    xtermCss: '/assets/x.css',
    htmx: '/assets/h.js',
    island: '/assets/i.js',
    icon: '/assets/i.svg',
  },
  build: 'b1',
  nonce: 'nonce-of-this-response',
  waiting: 0,
  theme: null,
};

export const viewer: Reader = { userId: 'vera', role: 'viewer' };
export const operator: Reader = { userId: 'otto', role: 'operator' };
export const admin: Reader = { userId: 'ada', role: 'admin' };
