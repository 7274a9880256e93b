// Properties that hold for any input: the codec, the parsers of what strangers send, and the table of permissions.
import { describe, expect, test } from 'bun:test';
import { deflateRawSync } from 'node:zlib';
import * as fc from 'fast-check';
import { createTerminalFilter } from '../../src/cli/terminal-filter.ts';
import { parseAddresses, parseDuration, parseOrigin } from '../../src/config.ts';
import { maySee } from '../../src/hub/grants.ts';
import { requirePermission } from '../../src/hub/require-permission.ts';
import { createServerState } from '../../src/hub/state/server-state.ts';
import { agentToHub } from '../../src/protocol/agent-to-hub.ts';
import { revealBidi } from '../../src/protocol/bidi.ts';
import { createDecoder, encode } from '../../src/protocol/codec.ts';
import { dashboardToHub } from '../../src/protocol/dashboard-to-hub.ts';
import { Role } from '../../src/protocol/entities.ts';
import { messagePermissions } from '../../src/protocol/permissions.ts';
import { byteLength, splitAtBytes, truncateAtLine } from '../../src/protocol/text.ts';
import { createHostCheck } from '../../src/web/host.ts';
import { toLocalPath } from '../../src/web/pages/response.ts';
import { inflate } from '../../src/web/sockets/socket.ts';

/** Any text, often with the characters that parsers trip over. */
const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('\u001b', '[', ']', '0', ';', '\u0007', '\u009b', 'm', 'x', '\n', '😀'),
  }),
);
const role = fc.constantFrom(...Role.anyOf.map(({ const: one }) => one));

describe('the codec', () => {
  const decoders = [createDecoder(dashboardToHub, inflate), createDecoder(agentToHub, inflate)];

  test('never throws, and accepts only objects with a known type and version', () => {
    const frame = fc.oneof(
      text,
      fc.json(),
      fc.uint8Array(),
      fc.json().map((json) => Buffer.concat([Buffer.of(1), deflateRawSync(json)])),
      fc
        .record({
          type: text,
          version: fc.constantFrom('1.0.0', '2.0.0', '1'),
          rest: fc.jsonValue(),
        })
        .map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(frame, (bytes) => {
        for (const decode of decoders) {
          const decoded = decode(bytes);
          if (decoded.ok) expect(decoded.message.version).toMatch(/^1\.\d+\.\d+$/);
          else expect(decoded.reason).not.toBe('');
        }
      }),
      { numRuns: 2_000 },
    );
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
          const decoded = decoders[0]?.(frame);
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
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.string({ unit: 'grapheme-ascii' }));
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
        if (!isOwn && !/^[\d.x]+$/i.test(name.trim())) expect(problem).not.toBeNull();
      }),
    );
  });

  test('options are parsed or rejected with a message, never misread', () => {
    fc.assert(
      fc.property(text, (value) => {
        for (const parse of [parseDuration, parseOrigin, parseAddresses]) {
          try {
            const parsed = parse(value);
            if (typeof parsed === 'number') expect(parsed).toBeGreaterThanOrEqual(1_000);
          } catch (error) {
            expect((error as Error).message).not.toBe('');
            expect((error as Error).name).not.toBe('TypeError');
          }
        }
      }),
    );
  });
});

describe('permissions', () => {
  const permission = fc.constantFrom(
    ...Object.values(messagePermissions),
    'agents:manage',
    'users:manage' as const,
  );
  const isAllowed = (
    one: Parameters<typeof requirePermission>[0],
    required: Parameters<typeof requirePermission>[1],
  ) => {
    try {
      requirePermission(one, required);
      return true;
    } catch {
      return false;
    }
  };

  test('grow with the role', () => {
    const order = ['viewer', 'operator', 'admin'];
    fc.assert(
      fc.property(role, role, permission, (a, b, required) => {
        const [less, more] = order.indexOf(a) <= order.indexOf(b) ? [a, b] : [b, a];
        if (isAllowed({ role: less }, required))
          expect(isAllowed({ role: more }, required)).toBe(true);
      }),
    );
  });

  test('for agents grow with the grants, and are empty without', () => {
    const name = fc.constantFrom('a', 'b', 'label:a', 'label:b', 'label:c');
    const grants = fc.uniqueArray(name);
    fc.assert(
      fc.property(
        role,
        grants,
        grants,
        fc.constantFrom('a', 'b', 'c'),
        (one, some, more, agentId) => {
          const state = createServerState();
          const user = (agents: string[] | null) => ({ role: one, agents });
          expect(maySee(state, user(null), agentId)).toBe(true);
          expect(maySee(state, user([]), agentId)).toBe(one === 'admin');
          if (maySee(state, user(some), agentId)) {
            expect(maySee(state, user([...some, ...more]), agentId)).toBe(true);
          }
        },
      ),
    );
  });
});
