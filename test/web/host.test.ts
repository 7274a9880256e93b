// Which names a hub answers to.
import { expect, test } from 'bun:test';
import { createHostCheck } from '../../src/web/host.ts';

const PUBLIC_URL = 'https://signalbox.example.com';

test.each([
  ['127.0.0.1', PUBLIC_URL, 'signalbox.example.com', null],
  ['127.0.0.1', PUBLIC_URL, 'SignalBox.example.com:443', null],
  ['127.0.0.1', PUBLIC_URL, 'localhost:7420', null],
  ['127.0.0.1', PUBLIC_URL, 'x.signalbox.example.com', 'unknown'],
  ['127.0.0.1', null, 'signalbox.example.com', 'unknown'],
  ['192.0.2.1', null, '192.0.2.1:7420', null],
  ['192.0.2.1', null, '192.0.2.2:7420', 'unknown'],
  ['hub.local', null, 'hub.local', null],
  ['2001:db8::1', null, '[2001:DB8:0::1]:7420', null],
  ['2001:db8::1', null, '[2001:db8::2]', 'unknown'],
  ['::', null, '[2001:db8::2]', null],
  ['::', null, '192.0.2.1', null],
  ['::', null, 'evil.example', 'unknown'],
])('a hub on %s with the public URL %s: %s', (address, publicUrl, host, problem) => {
  const check = createHostCheck({ address, publicUrl });
  expect(check(new Request('http://x', { headers: { host } }))).toBe(problem as 'unknown');
});
