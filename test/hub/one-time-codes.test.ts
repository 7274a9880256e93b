// The codes of two-factor sign-in, with the test vectors of RFC 6238.
import { expect, test } from 'bun:test';
import { assert, pre, property, string } from 'fast-check';
import { Secret } from 'otpauth';
import {
  createKeyUri,
  createRecoveryCodes,
  createSecret,
  findStep,
  hashRecoveryCode,
} from '../../src/hub/one-time-codes.ts';
import { createCode } from '../support/one-time-code.ts';

const secret = Secret.fromUTF8('12345678901234567890').base32;

// RFC 6238, appendix B, shortened to 6 digits.
test.each([
  [59, '287082'],
  [1_111_111_109, '081804'],
  [1_111_111_111, '050471'],
  [1_234_567_890, '005924'],
  [2_000_000_000, '279037'],
  [20_000_000_000, '353130'],
])('at %d s the code is %s', (seconds, code) => {
  const now = seconds * 1_000;
  const step = Math.floor(seconds / 30);
  expect(findStep(secret, code, { now, lastStep: 0 })).toBe(step);
  expect(findStep(secret, ` ${code.slice(0, 3)} ${code.slice(3)}\n`, { now, lastStep: 0 })).toBe(
    step,
  );
});

test('a code is valid one step early and one step late, and not after a later one', () => {
  const now = 1_000 * 30_000 + 15_000;
  for (const offset of [-2, -1, 0, 1, 2]) {
    const code = createCode(secret, now + offset * 30_000);
    const step = 1_000 + offset;
    const isNear = Math.abs(offset) <= 1;
    expect([offset, findStep(secret, code, { now, lastStep: step - 1 })]).toEqual([
      offset,
      isNear ? step : null,
    ]);
    expect(findStep(secret, code, { now, lastStep: step })).toBeNull();
  }
});

test('text that is not the code is rejected', () => {
  const now = 1_234_567_890_000;
  assert(
    property(string({ unit: 'grapheme' }), (text) => {
      pre(text.replaceAll(/\s/g, '') !== createCode(secret, now));
      const near = [-1, 1].map((offset) => createCode(secret, now + offset * 30_000));
      pre(!near.includes(text.replaceAll(/\s/g, '')));
      expect(findStep(secret, text, { now, lastStep: 0 })).toBeNull();
    }),
  );
});

test('secrets and recovery codes are random, and the URI names the user', () => {
  expect(createSecret()).toMatch(/^[A-Z2-7]{32}$/);
  expect(createSecret()).not.toBe(createSecret());
  expect(createKeyUri(secret, 'ada@example.com')).toBe(
    `otpauth://totp/Signalbox:ada%40example.com?issuer=Signalbox&secret=${secret}&algorithm=SHA1&digits=6&period=30`,
  );
  const codes = createRecoveryCodes();
  expect(new Set(codes).size).toBe(10);
  for (const code of codes) {
    expect(code).toMatch(/^[a-z2-7]{4}(-[a-z2-7]{4}){3}$/);
    const retyped = ` ${code.toUpperCase().replaceAll('-', ' ')}`;
    expect(hashRecoveryCode(retyped)).toBe(hashRecoveryCode(code));
  }
});
