import { describe, expect, test } from 'bun:test';
import { deflateRawSync } from 'node:zlib';
import { createDecoder, encode } from '../../src/protocol/codec.ts';
import { CloseCode } from '../../src/protocol/close-codes.ts';
import { dashboardToHub, type DashboardToHub } from '../../src/protocol/dashboard-to-hub.ts';
import { MAX_MESSAGE_BYTES, MAX_MESSAGE_VALUES } from '../../src/protocol/limits.ts';
import { DECODER_OPTIONS } from '../../src/web/sockets/socket.ts';

const decode = createDecoder(dashboardToHub, DECODER_OPTIONS);
const decodeWithoutInflate = createDecoder(dashboardToHub);
const message = { type: 'command:interrupt', version: '1.0.0', commandId: 'a' } as const;
const text = JSON.stringify(message);
const good = { ok: true as const, message };
const flagged = (flag: number, body: Uint8Array) => new Uint8Array([flag, ...body]);
const utf8 = (value: string) => new TextEncoder().encode(value);

describe('valid frames', () => {
  test.each<[string, unknown]>([
    ['text', text],
    ['a value that is already parsed', message],
    ['bytes with flag 0x00', flagged(0, utf8(text))],
    ['an ArrayBuffer with flag 0x00', flagged(0, utf8(text)).buffer],
    ['deflated bytes with flag 0x01', flagged(1, deflateRawSync(utf8(text)))],
    [
      'a Buffer inside a larger one',
      Buffer.concat([Buffer.from([9]), flagged(0, utf8(text))]).subarray(1),
    ],
  ])('%s', (_name, frame) => {
    expect(decode(frame)).toEqual(good);
  });

  test('with 1 MB of brackets, braces, commas, quotes and backslashes in a string', () => {
    const body = { ...message, extra: `[{,"\\\\"`.repeat(100_000) };
    expect(decode(JSON.stringify(body))).toEqual({ ok: true, message: body });
  });

  test('encoded messages can be decoded', () => {
    const body = { type: 'command:interrupt', commandId: '\u0000😀\ud800' } as const;
    const decoded = decode(encode<DashboardToHub>(body));
    expect(decoded).toEqual({ ok: true, message: { ...body, version: '1.0.0' } });
  });
});

describe('invalid frames', () => {
  test.each<[string, unknown]>([
    ['123', '123'],
    ['true', 'true'],
    ['null', 'null'],
    ['a string', '"hello"'],
    ['an array', `[${text}]`],
    ['invalid JSON', '{"type":'],
    ['empty text', ''],
    ['a parsed number', 123],
    ['a parsed true', true],
    ['a parsed null', null],
    ['undefined', undefined],
    ['no bytes', new Uint8Array()],
    ['flag 0x02', flagged(2, utf8(text))],
    ['flag 0x7b, which is JSON without a flag', utf8(text)],
    [
      'flag 0x00 with invalid UTF-8',
      flagged(0, Buffer.from(text.replace('"a"', '"\xff"'), 'latin1')),
    ],
    ['flag 0x01 with invalid deflate data', flagged(1, utf8(text))],
    ['a million nested brackets', '['.repeat(1_000_000)],
    ['a message without a type', '{"version":"1.0.0"}'],
    ['a type that is not a string', '{"type":7,"version":"1.0.0"}'],
    ['a message without a version', '{"type":"command:interrupt","commandId":"a"}'],
    ['an unknown type', '{"type":"hub:explode","version":"1.0.0"}'],
    ['a type that is a property of Object.prototype', '{"type":"__proto__","version":"1.0.0"}'],
  ])('%s', (_name, frame) => {
    expect(decode(frame)).toMatchObject({ ok: false, code: 'invalid_message' });
  });

  test('compressed messages are limited to 1 MiB', () => {
    const padded = (bytes: number) => {
      const frame = text.replace('}', ',"padding":""}');
      const filled = frame.replace('""}', `"${'x'.repeat(bytes - frame.length)}"}`);
      expect(filled.length).toBe(bytes);
      return flagged(1, deflateRawSync(utf8(filled)));
    };
    expect(decode(padded(MAX_MESSAGE_BYTES))).toMatchObject({ ok: true });
    expect(decode(padded(MAX_MESSAGE_BYTES + 1))).toMatchObject({ ok: false });
    const bomb = deflateRawSync(new Uint8Array(100 * MAX_MESSAGE_BYTES));
    expect(decode(flagged(1, bomb))).toMatchObject({ ok: false, code: 'invalid_message' });
  });

  test.each([
    ['nested arrays', '['.repeat(MAX_MESSAGE_VALUES), ']'.repeat(MAX_MESSAGE_VALUES)],
    ['items', '[' + '0,'.repeat(MAX_MESSAGE_VALUES), '0]'],
    ['fields', '{"a":0' + ',"a":0'.repeat(MAX_MESSAGE_VALUES), '}'],
  ])('a message with too many %s is rejected unparsed', (_name, before, after) => {
    const frame = text.replace('}', `,"extra":${before}${after}}`);
    const reason = 'A message has more than 20000 values.';
    expect(decode(frame)).toMatchObject({ ok: false, reason });
    expect(decode(flagged(1, deflateRawSync(utf8(frame))))).toMatchObject({ ok: false, reason });
    expect(decodeWithoutInflate(frame)).toMatchObject({ ok: true });
  });

  test('without an inflate function, compressed frames are rejected', () => {
    expect(decodeWithoutInflate(flagged(0, utf8(text)))).toEqual(good);
    const deflated = flagged(1, deflateRawSync(utf8(text)));
    expect(decodeWithoutInflate(deflated)).toMatchObject({ ok: false });
    expect(decodeWithoutInflate(flagged(1, utf8(text)))).toMatchObject({ ok: false });
  });

  test('the error includes the requestId, and none of the content', () => {
    const secret = 'my password';
    const frame = {
      type: 'command:request',
      version: '1.0.0',
      requestId: 'r1',
      command: { secret },
    };
    const rejected = decode(frame);
    expect(rejected).toMatchObject({ ok: false, requestId: 'r1' });
    expect(JSON.stringify(rejected)).not.toContain(secret);
    expect(decode({ ...frame, requestId: 7 })).not.toHaveProperty('requestId');
  });

  test('a requestId that is too long is not echoed', () => {
    const frame = { type: 'command:request', version: '1.0.0', requestId: 'r'.repeat(129) };
    expect(decode(frame)).not.toHaveProperty('requestId');
  });
});

describe('versions', () => {
  test.each(['1.0.0', '1.0.1', '1.9.0', '1.10.23'])('%s is supported', (version) => {
    expect(decode({ ...message, version })).toMatchObject({ ok: true });
  });

  test.each(['2.0.0', '0.9.0', '1', '1.0', '1.0.0-beta', 'v1.0.0', '11.0.0', ''])(
    '%p is not supported',
    (version) => {
      expect(decode({ ...message, version })).toMatchObject({ code: 'unsupported_version' });
    },
  );

  test('the version is checked before the type and the fields', () => {
    expect(decode({ type: 'future:type', version: '2.0.0' })).toMatchObject({
      code: 'unsupported_version',
    });
  });
});

test('close codes match docs/protocol.md', () => {
  expect(CloseCode).toEqual({
    normal: 1000,
    goingAway: 1001,
    policyViolation: 1008,
    messageTooBig: 1009,
    tryAgainLater: 1013,
    replaced: 4001,
  });
});
