import { expect, test } from 'bun:test';
import { bannerText } from '../../src/browser/connection-banner.ts';
import { type DisconnectReason, disconnectReasons } from '../../src/browser/disconnect-reason.ts';
import { createPageStore, disconnected } from '../../src/browser/page-state.ts';

const state = createPageStore().getState();
const textOf = (reason: DisconnectReason) => bannerText({ ...state, ...disconnected(reason) });

test('the banner is hidden while connected', () => {
  expect(bannerText({ ...state, connectionStatus: 'connected' })).toBeNull();
  expect(bannerText(state)).toBe('Connecting…');
});

test('each reason has its own sentence', () => {
  const texts = disconnectReasons.map(textOf);
  expect(new Set(texts).size).toBe(disconnectReasons.length);
  expect(textOf('lost')).toStartWith('Connection lost.');
  expect(textOf('silent')).toStartWith('Connection lost.');
  expect(textOf('limit')).toContain('dashboard limit');
  expect(textOf('slow_consumer')).toContain('too slow');
});

test('a connection that the hub rejects or closes because of the page is an error', () => {
  expect(disconnected('lost')).toMatchObject({ connectionStatus: 'disconnected', error: null });
  expect(disconnected('silent')).toMatchObject({ connectionStatus: 'disconnected' });
  expect(disconnected('slow_consumer')).toMatchObject({ connectionStatus: 'error' });
  expect(disconnected('limit').error?.message).toBe(textOf('limit') ?? '');
});
