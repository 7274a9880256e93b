import { expect, test } from 'bun:test';
import { bannerText } from '../../src/browser/connection-banner.ts';
import { createPageStore } from '../../src/browser/page-state.ts';

test('the banner is hidden while connected, and shows the error otherwise', () => {
  const state = createPageStore().getState();
  expect(bannerText({ ...state, connectionStatus: 'connected' })).toBeNull();
  expect(bannerText({ ...state, connectionStatus: 'disconnected' })).toContain('Reconnecting…');
  const full = { connectionStatus: 'error', error: new Error('The hub is full.') } as const;
  expect(bannerText({ ...state, ...full })).toBe('The hub is full.');
});
