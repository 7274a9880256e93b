// Request bodies and parameters that the compiled hub must survive: deep, large, malformed, and with the names of prototypes.
import { describe, expect, test } from 'bun:test';
import { expectNoInternals, useSharedHub } from '../support/shared-hub.ts';

const hub = useSharedHub();

const CRLF = '\r\n';
const POLLUTED = ['polluted', 'role', 'disabled', 'limit', 'agentId'];
const JSON_TYPE = 'application/json';
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Returns a multipart body with fields of these names. */
const createMultipart = (...names: string[]) =>
  names
    .map((name) => `--b${CRLF}Content-Disposition: form-data; name="${name}"${CRLF}${CRLF}x${CRLF}`)
    .join('')
    .concat(`--b--${CRLF}`);
const MULTIPART_TYPE = 'multipart/form-data; boundary=b';

describe.each<[threat: string, name: string, type: string, body: string]>([
  ['stack overflow', 'deep arrays', JSON_TYPE, '['.repeat(500_000)],
  ['stack overflow', 'deep, complete arrays', JSON_TYPE, '['.repeat(9e4) + ']'.repeat(9e4)],
  ['stack overflow', 'deep objects', JSON_TYPE, '{"a":'.repeat(99_000)],
  [
    'stack overflow',
    'a field that is deep',
    JSON_TYPE,
    `{"agentId":"x","labels":${'['.repeat(9e4)}${']'.repeat(9e4)}}`,
  ],
  ['stack overflow', 'deep names', MULTIPART_TYPE, createMultipart('a.'.repeat(50_000))],
  ['memory', 'a large index', MULTIPART_TYPE, createMultipart('a[4294967294]', 'a[999999999].b')],
  ['processor', 'many fields', FORM_TYPE, 'a=&'.repeat(300_000)],
  [
    'processor',
    'many fields with one name',
    MULTIPART_TYPE,
    createMultipart(...Array(9e3).fill('a')),
  ],
  ['encoding', 'invalid UTF-8', JSON_TYPE, '{"agentId":"\xff\xfe"}'],
  ['encoding', 'a lone surrogate', JSON_TYPE, String.raw`{"agentId":"\ud800","agentType":"x"}`],
  ['encoding', 'a byte order mark', JSON_TYPE, `\ufeff{}`],
  ['encoding', 'a form with malformed percents', FORM_TYPE, 'agentId=%&agentType=%zz&%ff=%fe'],
  ['encoding', 'a charset that does not exist', `${JSON_TYPE}; charset=evil`, '{"a'],
  ['encoding', 'no boundary', 'multipart/form-data', createMultipart('a')],
  ['encoding', 'another boundary', 'multipart/form-data; boundary=c', createMultipart('a')],
  ['encoding', 'an unknown type', 'text/evil', 'a'],
  ['encoding', 'a type of 1 KB', `${'a'.repeat(1_000)}/x`, 'a'],
  ['wrong type', 'null', JSON_TYPE, 'null'],
  ['wrong type', 'a number', JSON_TYPE, '1e999'],
  ['wrong type', 'a text', JSON_TYPE, '"x"'],
  ['wrong type', 'an array', JSON_TYPE, '[]'],
  ...POLLUTED.flatMap((key): [string, string, string, string][] => [
    ['prototype', `${key} of __proto__`, JSON_TYPE, `{"__proto__":{"${key}":"x"}}`],
    [
      'prototype',
      `${key} of constructor`,
      JSON_TYPE,
      `{"constructor":{"prototype":{"${key}":"x"}}}`,
    ],
    [
      'prototype',
      `${key} in a form`,
      FORM_TYPE,
      `__proto__.${key}=x&__proto__[${key}]=x&__proto__=x&__proto__=y`,
    ],
    [
      'prototype',
      `${key} in parts`,
      MULTIPART_TYPE,
      createMultipart(
        `__proto__.${key}`,
        `constructor.prototype.${key}`,
        `__proto__[0].${key}`,
        `a.__proto__.${key}`,
        '__proto__',
        '__proto__',
      ),
    ],
  ]),
])('%s: %s', (_threat, _name, type, body) => {
  test('is rejected by the API, forms and sign-in', async () => {
    for (const path of [
      '/api/v1/agents',
      '/api/v1/commands',
      '/api/v1/session',
      '/agents',
      '/compare',
      '/approvals',
      '/users',
      '/login',
      '/setup',
    ]) {
      const headers = { ...hub.admin, 'content-type': type };
      const bytes = Buffer.from(body, 'latin1');
      const response = await fetch(hub.url + path, { method: 'POST', headers, body: bytes });
      expect(`${path} ${response.status}`).toMatch(/ (400|401|410|413|415|422|429)$/);
      expectNoInternals(await response.text());
    }
  });
});

test.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', '%5f%5fproto%5f%5f'])(
  'prototype: %s names nothing',
  async (name) => {
    for (const [method, path, body] of [
      ['GET', `/api/v1/agents/${name}`],
      ['GET', `/api/v1/commands/${name}/output`],
      ['GET', `/api/v1/approvals/${name}`],
      ['GET', `/assets/${name}`],
      ['GET', `/agents/${name}`],
      ['GET', `/commands/${name}`],
      ['GET', `/users/${name}/manage`],
      ['PATCH', `/api/v1/users/${name}`, '{"role":"admin"}'],
      ['DELETE', `/api/v1/users/${name}`],
      ['DELETE', `/api/v1/sessions/${name}`],
      ['POST', '/api/v1/session', `{"username":"${name}","password":"x"}`],
    ] as const) {
      const response = await fetch(hub.url + path, {
        method,
        headers: hub.admin,
        body: body ?? null,
      });
      expect(`${path} ${response.status}`).toMatch(/ (401|404|422|429)$/);
    }
    const query = `limit=1&${name}=x&${name}[limit]=9&${name}.limit=9&${name}=y`;
    for (const path of ['/api/v1/commands', '/api/v1/audit', '/history', '/audit', '/compare']) {
      const response = await fetch(`${hub.url}${path}?${query}`, { headers: hub.admin });
      expect([path, response.status]).toEqual([path, 200]);
    }
  },
);
