// Properties that hold for any input: the codec, and the parsers of what strangers and configurations provide.
import { describe, expect, test } from 'bun:test';
import { deflateRawSync } from 'node:zlib';
import { Value } from '@sinclair/typebox/value';
import { InvalidArgumentError } from 'commander';
import * as fc from 'fast-check';
import { parseAddresses } from '../../src/cli/addresses.ts';
import { createTerminalFilter } from '../../src/cli/terminal-filter.ts';
import { parseDuration, parseOrigin, parseRetention } from '../../src/config.ts';
import { agentToHub } from '../../src/protocol/agent-to-hub.ts';
import { revealBidi } from '../../src/protocol/bidi.ts';
import { createDecoder, encode } from '../../src/protocol/codec.ts';
import { dashboardToHub } from '../../src/protocol/dashboard-to-hub.ts';
import { byteLength, splitAtBytes, truncateAtLine } from '../../src/protocol/text.ts';
import { createClientAddress } from '../../src/web/client-address.ts';
import { createHostCheck } from '../../src/web/host.ts';
import { toLocalPath } from '../../src/web/pages/response.ts';
import { DECODER_OPTIONS } from '../../src/web/sockets/socket.ts';
import { mutationsOf, valuesOf } from '../support/schema-values.ts';

/** Any text, often with the characters that parsers trip over. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('\u001b', '[', ']', '0', ';', '\u0007', '\u009b', 'm', 'x', '\n', '😀'),
  }),
);

describe('the codec', () => {
  const peers = [
    {
      name: 'dashboards',
      schemas: dashboardToHub,
      decode: createDecoder(dashboardToHub, DECODER_OPTIONS),
    },
    { name: 'agents', schemas: agentToHub, decode: createDecoder(agentToHub, DECODER_OPTIONS) },
  ];
  /** The ways to send a message. */
  const frames: ((json: string) => string | Uint8Array)[] = [
    (json) => json,
    (json) => Buffer.concat([Buffer.of(0), Buffer.from(json)]),
    (json) => Buffer.concat([Buffer.of(1), deflateRawSync(json)]),
  ];

  test('never throws, and rejects what is no message', () => {
    const frame = fc.oneof(
      text,
      fc.json(),
      fc.uint8Array(),
      fc.json().map((json) => Buffer.concat([Buffer.of(1), deflateRawSync(json)])),
    );
    fc.assert(
      fc.property(frame, (bytes) => {
        for (const { decode } of peers) {
          const decoded = decode(bytes);
          expect(decoded.ok || decoded.reason === '').toBe(false);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  describe.each(peers)('of $name', ({ schemas, decode }) => {
    const messages = fc.oneof(...schemas.map(valuesOf)) as fc.Arbitrary<{ type: string }>;
    const version = fc.tuple(fc.nat(), fc.nat()).map(([minor, patch]) => `1.${minor}.${patch}`);

    test('accepts every valid message, whatever its frame', () => {
      const accepted = new Set<string>();
      fc.assert(
        fc.property(messages, version, fc.constantFrom(...frames), (body, one, toFrame) => {
          const message = { ...body, version: one };
          const decoded = decode(toFrame(JSON.stringify(message)));
          expect(decoded as unknown).toEqual({ ok: true, message });
          accepted.add(body.type);
        }),
        { numRuns: 300 },
      );
      expect(accepted.size).toBe(schemas.length);
    });

    test('accepts an altered message only if it still matches its schema', () => {
      const counts = { accepted: 0, rejected: 0 };
      const complete = messages.map((body) => ({ ...body, version: '1.0.0' }));
      fc.assert(
        fc.property(mutationsOf(complete), fc.constantFrom(...frames), (value, toFrame) => {
          const json = JSON.stringify(value);
          const decoded = decode(toFrame(json));
          const message = JSON.parse(json) as { type: string; version: string };
          const schema = schemas.find(({ properties }) => properties.type.const === message.type);
          const isValid =
            schema !== undefined &&
            Value.Check(schema, message) &&
            /^1\.\d+\.\d+$/.test(message.version);
          expect([json, decoded.ok]).toEqual([json, isValid]);
          counts[decoded.ok ? 'accepted' : 'rejected'] += 1;
        }),
        { numRuns: 600 },
      );
      expect(counts.accepted).toBeGreaterThan(50);
      expect(counts.rejected).toBeGreaterThan(50);
    });
  });

  test('returns what was encoded, plain and compressed', () => {
    const id = fc
      .string({ minLength: 1, maxLength: 128, unit: 'grapheme' })
      .filter((one) => one.length <= 128);
    fc.assert(
      fc.property(id, text, (agentId, command) => {
        const body = { type: 'command:request', agentId, command, priority: 'high' } as const;
        const json = encode(body);
        const compressed = Buffer.concat([Buffer.of(1), deflateRawSync(json)]);
        for (const frame of [json, Buffer.concat([Buffer.of(0), Buffer.from(json)]), compressed]) {
          const decoded = peers[0]?.decode(frame);
          // A lone surrogate cannot be encoded as UTF-8.
          const expected = typeof frame === 'string' ? command : command.toWellFormed();
          if (typeof frame === 'string' || agentId.isWellFormed())
            expect(decoded).toMatchObject({ ok: true, message: { ...body, command: expected } });
        }
      }),
    );
  });
});

describe('text', () => {
  test('is split without loss, within the limit and not inside a code point', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 4, max: 64 }), (whole, limit) => {
        const [head, rest] = splitAtBytes(whole, limit);
        expect(head + rest).toBe(whole);
        expect(byteLength(head)).toBeLessThanOrEqual(limit);
        expect(rest === '' || head !== '').toBe(true);
        if (whole.isWellFormed()) expect(head.isWellFormed()).toBe(true);
        const short = truncateAtLine(whole, limit);
        expect(whole.startsWith(short) && byteLength(short) <= limit).toBe(true);
      }),
    );
  });

  test('on pages contains no character that changes its direction', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (whole) => {
        expect(revealBidi(whole)).not.toMatch(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/);
      }),
    );
  });

  test('for a terminal contains only harmless sequences, however it is cut into pieces', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(40)), (whole, cuts) => {
        const filtered = createTerminalFilter()(whole);
        // oxlint-disable-next-line no-control-regex
        const plain = filtered.replaceAll(/\u001b\[[0-9;:]*[A-HJKfm]/g, '');
        // oxlint-disable-next-line no-control-regex
        expect(plain).not.toMatch(/[\u0000-\u0007\u000b\u000c\u000e-\u001f\u007f-\u009f]/);
        const filter = createTerminalFilter();
        let rest = Array.from(whole);
        let joined = '';
        for (const cut of cuts) {
          joined += filter(rest.slice(0, cut).join(''));
          rest = rest.slice(cut);
        }
        expect(joined + filter(rest.join(''))).toBe(filtered);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('URLs and addresses', () => {
  test('a redirect stays on the site', () => {
    const base = 'https://hub.example';
    const url = fc.oneof(
      text,
      fc.webUrl(),
      fc.string({
        unit: fc.constantFrom('/', '\\', '.', '@', ':', '?', '#', 'a', '\t', ' ', '%', '2', 'f'),
      }),
    );
    fc.assert(
      fc.property(url, (next) => {
        const path = toLocalPath(next, new Request(`${base}/login`));
        expect(path).toMatch(/^\/(?!\/)/);
        expect(new URL(path, base).origin).toBe(base);
      }),
      { numRuns: 2_000 },
    );
  });

  test('no Host is accepted except the own names', () => {
    const check = createHostCheck({ address: '127.0.0.1', publicUrl: 'https://hub.example' });
    const own = fc
      .tuple(
        fc.constantFrom('localhost', 'LocalHost', '127.0.0.1', '[::1]', 'hub.example'),
        fc.constantFrom('', '', '.', '.evil.example', '@evil.example', '/', ':'),
        fc.oneof(
          fc.constant(''),
          fc.nat(99_999).map((port) => `:${port}`),
        ),
      )
      .map((parts) => parts.join(''));
    const host = fc.oneof(
      own,
      fc.domain(),
      fc.ipV4(),
      fc.ipV6(),
      fc.string({ unit: 'grapheme-ascii' }),
    );
    let accepted = 0;
    fc.assert(
      fc.property(host, (name) => {
        let headers: Headers;
        try {
          headers = new Headers({ host: name });
        } catch {
          return;
        }
        const problem = check({ headers } as Request);
        const isOwn = /^(localhost|127\.0\.0\.1|\[::1\]|hub\.example)(:\d*)?$/i.test(name.trim());
        // Other ways to write the same IP address, such as `127.1`.
        const isSameAddress =
          /^[\d.x]+(:\d*)?$/i.test(name.trim()) &&
          URL.parse(`http://${name.trim()}`)?.hostname === '127.0.0.1';
        if (!isOwn && !isSameAddress) expect(problem).not.toBeNull();
        if (problem === null) accepted += 1;
      }),
      { numRuns: 500 },
    );
    expect(accepted).toBeGreaterThan(20);
  });
});

describe('an option is parsed as it is written, or rejected with a message:', () => {
  /** Parses a value, or returns null if it is rejected as options are. */
  function parseOrReject<T>(parse: (value: string) => T, value: string): T | null {
    try {
      return parse(value);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect((error as Error).message).not.toBe('');
      return null;
    }
  }

  /** Checks a parser with generated values. Fails if it has accepted or rejected only few of them. */
  function assertParser<T, V>(
    parse: (value: string) => T,
    values: fc.Arbitrary<V>,
    format: (value: V) => string,
    check: (parsed: T | null, value: V) => void,
  ) {
    const counts = { accepted: 0, rejected: 0 };
    const property = fc.property(values, (value) => {
      const parsed = parseOrReject(parse, format(value));
      check(parsed, value);
      counts[parsed === null ? 'rejected' : 'accepted'] += 1;
    });
    fc.assert(property, { numRuns: 1_000 });
    expect(counts.accepted).toBeGreaterThan(50);
    expect(counts.rejected).toBeGreaterThan(50);
  }

  test('any text', () => {
    const parsers = [parseDuration, parseRetention, parseOrigin, parseAddresses];
    const parser = fc.constantFrom<(value: string) => unknown>(...parsers);
    fc.assert(
      fc.property(parser, text, (parse, value) => expect(parseOrReject(parse, value)).toBeNull()),
    );
  });

  const DAY = 86_400_000;
  const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: DAY, w: 7 * DAY };
  test.each([
    ['a duration', parseDuration, 1_000, 365 * DAY],
    ['a retention', parseRetention, DAY, 3_650 * DAY],
  ] as const)('%s', (_name, parse, minimum, maximum) => {
    const values = fc.record({
      number: fc.oneof(fc.nat(400), fc.double({ min: 0, max: 1e6, noNaN: true })),
      unit: fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])),
      // Half of them are valid, because most numbers are out of range.
      form: fc.oneof(
        fc.constant('$'),
        fc.constantFrom(' $', '$ ', '-$', '+$', '$$', '$;', '0x$', '$\n'),
      ),
    });
    assertParser(
      parse,
      values,
      ({ number, unit, form }) => form.replaceAll('$', `${number}${unit}`),
      (parsed, { number, unit, form }) => {
        const expected = Math.round(number * units[unit]);
        const isInRange = expected >= minimum && expected <= maximum;
        // An exponent is not a duration.
        const isValid = isInRange && form === '$' && !String(number).includes('e');
        expect(parsed).toBe(isValid ? expected : null);
      },
    );
  });

  test('a URL', () => {
    const values = fc.record({
      url: fc.webUrl({
        validSchemes: ['http', 'https', 'HTTPS', 'ftp', 'javascript', 'file'],
        withQueryParameters: true,
        withFragments: true,
      }),
      prefix: fc.constantFrom('', '', '', 'x', '//', 'blob:'),
    });
    assertParser(
      parseOrigin,
      values,
      ({ url, prefix }) => prefix + url,
      (parsed, { url, prefix }) => {
        const [, scheme = '', host = ''] = /^([a-z]+):\/\/([^/?#]*)/i.exec(url) ?? [];
        const isValid = /^https?$/i.test(scheme) && prefix === '';
        const origin = `${scheme}://${host}`.toLowerCase();
        expect(parsed).toBe(isValid ? origin : null);
      },
    );
  });

  test('addresses', () => {
    const entry = fc.oneof(
      fc.ipV4().map((address) => ({ address, largest: 32 })),
      fc.ipV6().map((address) => ({ address, largest: 128 })),
      fc.domain().map((address) => ({ address, largest: -1 })),
    );
    const prefix = fc.option(fc.oneof(fc.nat(32), fc.integer({ min: -1, max: 130 })));
    const values = fc.array(fc.tuple(entry, prefix), { minLength: 1, maxLength: 3 });
    const formatEntry = ([{ address }, length]: [{ address: string }, number | null]) =>
      length === null ? address : `${address}/${length}`;
    assertParser(
      parseAddresses,
      values,
      (list) => list.map(formatEntry).join(' , '),
      (parsed, list) => {
        const isValid = list.every(
          ([{ largest }, length]) => largest > 0 && (length ?? 0) >= 0 && (length ?? 0) <= largest,
        );
        expect(parsed).toEqual(isValid ? list.map(formatEntry) : null);
        // Throws if an address cannot be used.
        if (parsed) createClientAddress(parsed);
      },
    );
  });
});
