import { expect, test } from 'bun:test';
import { HubError } from '../../../src/protocol/errors.ts';
import { parseCommandForm, parseCommandQuery } from '../../../src/web/pages/form.ts';

test('submitting a form twice creates one request; other content creates another', () => {
  const form = { command: 'one\r\ntwo', priority: 'low', timeoutMs: '900000', requestId: 'form' };
  const body = parseCommandForm('build', form);
  expect(body).toMatchObject({
    agentId: 'build',
    command: 'one\ntwo',
    priority: 'low',
    session: 'continue',
    timeoutMs: 900_000,
  });
  expect(parseCommandForm('build', { ...form }).requestId).toBe(body.requestId ?? '');
  expect(parseCommandForm('build', { ...form, command: 'else' }).requestId).not.toBe(
    body.requestId,
  );
  expect(() => parseCommandForm('build', { ...form, priority: 'urgent' })).toThrow(HubError);
});

test('queuing a command that was rejected because its agent is offline is a new request', () => {
  const form = { command: 'one', requestId: 'form' };
  const refused = parseCommandForm('build', form);
  const queued = parseCommandForm('build', { ...form, ifOffline: 'queue' });
  expect([refused.ifOffline, queued.ifOffline]).toEqual([undefined, 'queue']);
  expect(queued.requestId).not.toBe(refused.requestId);
  expect(parseCommandForm('build', { ...form, ifOffline: 'other' })).toEqual(refused);
});

test('invalid filters are ignored', () => {
  const query = (search: string) => parseCommandQuery(new Request(`http://hub/history${search}`));
  expect(query('')).toEqual({ limit: 50 });
  expect(query('?agentId=&status=&q=%20&cursor=')).toEqual({ limit: 50 });
  expect(query('?agentId=a&status=failed&q=x&cursor=c')).toEqual({
    limit: 50,
    agentId: 'a',
    status: 'failed',
    q: 'x',
    cursor: 'c',
  });
  expect(query('?status=exploded')).toEqual({ limit: 50 });
});
