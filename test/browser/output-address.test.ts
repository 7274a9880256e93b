// The addresses of lines of output.
import { expect, test } from 'bun:test';
import { createAddressMap, formatAddress, parseAddress } from '../../src/browser/output-address.ts';

test('an address is the fragment of a URL', () => {
  expect(formatAddress({ sequence: 12, line: 3 })).toBe('#out-12.3');
  expect(parseAddress('#out-12.3')).toEqual({ sequence: 12, line: 3 });
  for (const hash of ['', '#', '#out-1', '#out-1.2.3', '#out--1.2', '#out-1.2x']) {
    expect(parseAddress(hash)).toBeNull();
  }
});

test('each line has the address of the chunk in which it begins', () => {
  const map = createAddressMap();
  // "a\nb", "c\nd\n", "e\n"
  map.add({ sequence: 5, line: 100, isLineStart: true });
  map.add({ sequence: 6, line: 101, isLineStart: false });
  map.add({ sequence: 7, line: 103, isLineStart: true });
  const addresses = [100, 101, 102, 103].map((line) => map.toAddress(line));
  expect(addresses).toEqual([
    { sequence: 5, line: 0 },
    { sequence: 5, line: 1 },
    { sequence: 6, line: 1 },
    { sequence: 7, line: 0 },
  ]);
  expect(addresses.map((address) => address && map.toLine(address))).toEqual([100, 101, 102, 103]);
  expect(map.toAddress(99)).toBeUndefined();
  expect(map.toLine({ sequence: 4, line: 0 })).toBeUndefined();
  expect([4, 5, 7, 8].map((sequence) => map.has({ sequence, line: 0 }))).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test('lines that are written again belong to the chunk that wrote them last', () => {
  const map = createAddressMap();
  map.add({ sequence: 0, line: 0, isLineStart: true });
  map.add({ sequence: 1, line: 5, isLineStart: true });
  map.add({ sequence: 2, line: 2, isLineStart: true });
  expect(map.toAddress(5)).toEqual({ sequence: 2, line: 3 });
  expect(map.toAddress(1)).toEqual({ sequence: 0, line: 1 });
  map.clear();
  expect(map.toAddress(1)).toBeUndefined();
});
