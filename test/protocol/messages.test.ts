// Every message of the protocol: a full one passes, the same without its optional fields passes, and each field that is
// wrong or missing is refused by name.
import { describe, expect, test } from 'bun:test';
import type { TObject } from '@sinclair/typebox';
import { agentToHub } from '../../src/protocol/agent-to-hub.ts';
import { createDecoder } from '../../src/protocol/codec.ts';
import { dashboardToHub } from '../../src/protocol/dashboard-to-hub.ts';
import { hubToAgent } from '../../src/protocol/hub-to-agent.ts';
import { hubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';

interface Example {
  /** All fields beside type and version. */
  good: Record<string, unknown>;
  optional?: string[];
  /** For each field, values it must not have. */
  bad: Record<string, unknown[]>;
}

const id = ['', 'x'.repeat(129), 7, null];
const sequence = [-1, 0.5, '0', null];
const text = [7, null, {}];
const priority = ['urgent', 'HIGH', 1, null];
const command = { commandId: '019' };
const question = {
  approvalId: 'q',
  commandId: '019',
  title: 'May it?',
  detail: '- a\n+ b',
  options: [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' }],
};
const questionBad = {
  approvalId: id,
  commandId: id,
  title: [...text, 'x'.repeat(1025)],
  detail: text,
  options: [[], Array(17).fill(question.options[0]), [{ optionId: 'yes' }], 'yes', null],
};
const held = {
  commandId: '019',
  attempt: 1,
  firstSequence: 0,
  nextSequence: 4,
  lostBytes: 0,
  finished: false,
};
const report = {
  conversationId: 'talk',
  usage: { used: 0, size: 1, cost: { amount: 0.5, currency: 'USD' } },
  changes: { files: 1, added: 2, removed: 3 },
};
const reportBad = {
  conversationId: ['', 'x'.repeat(257), 7, null],
  usage: [{ used: 1 }, { used: -1, size: 1 }, { used: 1, size: 1, cost: { amount: -1 } }, null],
  changes: [{ files: 1, added: 2 }, { files: 1, added: 0.5, removed: 0 }, null],
};
const reported = Object.keys(report);
const limits = {
  messageBytes: 1,
  chunkBytes: 1,
  bufferBytes: 1,
  commandBytes: 1,
  queueLength: 1,
  commandTimeoutMs: 1,
  maxCommandTimeoutMs: 1,
};

const fromDashboard: Record<string, Example> = {
  'dashboard:connect': {
    good: {
      token: 't',
      clientInfo: { userAgent: 'x', timezone: 'UTC' },
      resume: {
        connectionId: 'c',
        hubEpoch: 'e',
        terminals: [{ commandId: 'a', afterSequence: -1 }],
      },
      terminals: 'attached',
      accept: ['deflate-raw'],
    },
    optional: ['resume', 'terminals', 'accept'],
    bad: {
      token: [...text, 'x'.repeat(8193)],
      clientInfo: [null, {}, { userAgent: 'x' }, { userAgent: 7, timezone: 'UTC' }],
      resume: [
        null,
        {},
        { connectionId: 'c', hubEpoch: 'e' },
        { connectionId: 'c', hubEpoch: 'e', terminals: [{ commandId: 'a', afterSequence: -2 }] },
        { connectionId: '', hubEpoch: 'e', terminals: [] },
      ],
      terminals: ['some', null],
      accept: ['deflate-raw', [7], Array(9).fill('x')],
    },
  },
  'command:request': {
    good: {
      agentId: 'a',
      command: '!ls',
      priority: 'high',
      requestId: 'r',
      session: 'new',
      timeoutMs: 1,
    },
    optional: ['requestId', 'session', 'timeoutMs'],
    bad: {
      agentId: id,
      command: text,
      priority,
      requestId: id,
      session: ['old', null],
      timeoutMs: [0, -1, 1.5, '1', null],
    },
  },
  'command:interrupt': { good: command, bad: { commandId: id } },
  'terminal:attach': {
    good: { ...command, afterSequence: -1 },
    optional: ['afterSequence'],
    bad: { commandId: id, afterSequence: [-2, 0.5, '1', null] },
  },
  'terminal:detach': { good: command, bad: { commandId: id } },
  'approval:respond': {
    good: { approvalId: 'q', optionId: 'o' },
    bad: { approvalId: id, optionId: id },
  },
  'command:input': { good: { ...command, data: 'y\r' }, bad: { commandId: id, data: text } },
  'terminal:resize': {
    good: { ...command, cols: 80, rows: 24 },
    bad: { commandId: id, cols: [0, 1001, 1.5, '80'], rows: [0, 1001, null] },
  },
};

const fromAgent: Record<string, Example> = {
  'agent:connect': {
    good: {
      agentId: 'a',
      agentType: 'gemini',
      token: 't',
      capabilities: ['prompt', '/review'],
      instanceId: 'i',
      runner: { name: 'r', version: '1', host: 'h' },
      journalId: 'j',
      held: [held],
    },
    optional: ['runner', 'journalId', 'held'],
    bad: {
      agentId: id,
      agentType: ['gpt', '', null],
      token: [...text, 'x'.repeat(8193)],
      capabilities: ['prompt', [''], [7], Array(1001).fill('/x'), null],
      instanceId: id,
      runner: [{}, { name: 'r', version: '1' }, null],
      journalId: id,
      held: [
        [{ ...held, commandId: '' }],
        [{ ...held, attempt: 0 }],
        [{ ...held, firstSequence: -1 }],
        [{ ...held, nextSequence: 0.5 }],
        [{ ...held, lostBytes: -1 }],
        [{ ...held, finished: 'no' }],
        null,
      ],
    },
  },
  'agent:capabilities': { good: { capabilities: [] }, bad: { capabilities: [null, [7]] } },
  'agent:heartbeat': {
    good: {
      timestamp: 1,
      process: { commandId: '019', pid: 1, alive: true, lastOutputAt: null },
    },
    optional: ['process'],
    bad: {
      timestamp: sequence,
      process: [
        {},
        { commandId: '019', pid: 'x', alive: true, lastOutputAt: 1 },
        { commandId: '019', pid: 1, alive: 1, lastOutputAt: 1 },
        { commandId: '019', pid: 1, alive: true },
        { commandId: '', pid: 1, alive: true, lastOutputAt: 1 },
      ],
    },
  },
  'command:started': { good: command, bad: { commandId: id } },
  'terminal:output': {
    good: { ...command, data: '', stream: 'stderr', sequence: 0 },
    bad: { commandId: id, data: text, stream: ['stdin', null], sequence },
  },
  'terminal:gap': {
    good: { ...command, nextSequence: 3, bytes: 0 },
    bad: { commandId: id, nextSequence: sequence, bytes: sequence },
  },
  'command:report': {
    good: { ...command, ...report },
    optional: reported,
    bad: { commandId: id, ...reportBad },
  },
  'command:finished': {
    good: {
      ...command,
      outcome: 'failed',
      exitCode: null,
      signal: 'SIGKILL',
      lastSequence: -1,
      error: { code: 'program_failed', message: 'It failed.' },
      report,
    },
    optional: ['signal', 'error', 'report'],
    bad: {
      report: reportBad.usage.map((usage) => ({ usage })),
      commandId: id,
      outcome: ['queued', 'done', null],
      exitCode: ['0', 0.5],
      signal: [9, 'x'.repeat(33)],
      lastSequence: [-2, null, '0'],
      error: [{ code: 'oops', message: '' }, { code: 'timeout' }, 'timeout'],
    },
  },
  'approval:request': { good: question, optional: ['detail'], bad: questionBad },
  'approval:applied': { good: { approvalId: 'q' }, bad: { approvalId: id } },
};

const toAgent: Record<string, Example> = {
  'agent:welcome': {
    good: {
      agentId: 'a',
      heartbeatIntervalMs: 1,
      resume: [{ ...command, nextSequence: 0 }],
      stop: ['019'],
    },
    bad: {
      agentId: id,
      heartbeatIntervalMs: [0, '1'],
      resume: [null, [{ ...command, nextSequence: -1 }], [{}]],
      stop: [null, [7], ['']],
    },
  },
  'command:execute': {
    good: { ...command, attempt: 1, command: '!ls', session: 'continue', timeoutMs: 1 },
    bad: {
      commandId: id,
      attempt: [0, 1.5, null],
      command: text,
      session: ['old', null],
      timeoutMs: [0, null],
    },
  },
  'command:interrupt': {
    good: { ...command, reason: 'timeout' },
    bad: { commandId: id, reason: ['why', null] },
  },
  'output:ack': {
    good: { ...command, nextSequence: 0 },
    bad: { commandId: id, nextSequence: sequence },
  },
  'command:acknowledged': { good: command, bad: { commandId: id } },
  'hub:storage': { good: { failing: true }, bad: { failing: ['yes', null] } },
  'approval:resolved': {
    good: { approvalId: 'q', outcome: 'selected', optionId: 'o' },
    optional: ['optionId'],
    bad: { approvalId: id, outcome: ['maybe', null], optionId: id },
  },
  'command:input': { good: { ...command, data: '' }, bad: { commandId: id, data: text } },
  'terminal:resize': {
    good: { ...command, cols: 1, rows: 1000 },
    bad: { commandId: id, cols: [0], rows: [1001] },
  },
  error: {
    good: { code: 'queue_full', message: 'm', requestId: 'r', commandId: 'c', agentId: 'a' },
    optional: ['requestId', 'commandId', 'agentId'],
    bad: { code: ['oops', null], message: text, requestId: id, commandId: id, agentId: id },
  },
};

const toDashboard: Record<string, Example> = {
  'agent:status': {
    good: { agentId: 'a', status: 'busy', timestamp: 0 },
    bad: { agentId: id, status: ['idle', null], timestamp: sequence },
  },
  'terminal:output': {
    good: { ...command, data: 'x', stream: 'stdout', sequence: 0 },
    bad: { commandId: id, data: text, stream: ['stdin'], sequence },
  },
  'command:status': {
    good: {
      ...command,
      agentId: 'a',
      status: 'failed',
      exitCode: 1,
      error: { code: 'timeout', message: 'm' },
    },
    optional: ['exitCode', 'error'],
    bad: {
      commandId: id,
      agentId: id,
      status: ['done', null],
      exitCode: [null, '1', 0.5],
      error: [null, { code: 'oops', message: 'm' }],
    },
  },
  'dashboard:welcome': {
    good: {
      connectionId: 'c',
      hubEpoch: 'e',
      userId: 'u',
      role: 'viewer',
      resumed: false,
      heartbeatIntervalMs: 1,
      limits,
    },
    bad: {
      connectionId: id,
      hubEpoch: id,
      userId: id,
      role: ['root', null],
      resumed: ['no', null],
      heartbeatIntervalMs: [0.5, null],
      limits: Object.keys(limits).map((name) => ({ ...limits, [name]: 'x' })),
    },
  },
  'command:accepted': {
    good: { requestId: 'r', ...command, agentId: 'a', position: 0 },
    optional: ['requestId'],
    bad: { requestId: id, commandId: id, agentId: id, position: sequence },
  },
  'terminal:gap': {
    good: { ...command, fromSequence: 0, toSequence: 2, bytes: 0, reason: 'expired' },
    bad: {
      commandId: id,
      fromSequence: sequence,
      toSequence: sequence,
      bytes: sequence,
      reason: ['lost', null],
    },
  },
  'hub:heartbeat': { good: { timestamp: 0 }, bad: { timestamp: sequence } },
  'terminal:complete': {
    good: { ...command, lastSequence: -1, totalBytes: 0 },
    bad: { commandId: id, lastSequence: [-2, null], totalBytes: sequence },
  },
  'approval:request': {
    good: { ...question, agentId: 'a', requestedAt: 0 },
    optional: ['detail'],
    bad: { ...questionBad, agentId: id, requestedAt: sequence },
  },
  'approval:applied': {
    good: { approvalId: 'q', ...command },
    bad: { approvalId: id, commandId: id },
  },
  'command:report': {
    good: { ...command, agentId: 'a', ...report },
    optional: reported,
    bad: { commandId: id, agentId: id, ...reportBad },
  },
  'approval:resolved': {
    good: { approvalId: 'q', outcome: 'cancelled', optionId: 'o', resolvedBy: 'u' },
    optional: ['optionId', 'resolvedBy'],
    bad: { approvalId: id, outcome: ['maybe'], optionId: id, resolvedBy: id },
  },
  error: { good: { code: 'expired', message: 'm' }, bad: { code: ['oops'], message: text } },
};

const directions: [string, readonly TObject[], Record<string, Example>][] = [
  ['dashboard → hub', dashboardToHub, fromDashboard],
  ['agent → hub', agentToHub, fromAgent],
  ['hub → agent', hubToAgent, toAgent],
  ['hub → dashboard', hubToDashboard, toDashboard],
];

describe.each(directions)('%s', (_direction, schemas, examples) => {
  const read = createDecoder(schemas);
  const decode = (value: object) => read(JSON.stringify(value));

  test('every message has its example here', () => {
    const types = schemas.map((schema) => String(schema.properties['type']?.const));
    expect(Object.keys(examples).toSorted()).toEqual(types.toSorted());
  });

  test.each(Object.entries(examples))('%s', (type, { good, optional = [], bad }) => {
    const whole = { type, version: '1.0.0', ...good };
    expect(decode(whole)).toEqual({ ok: true, message: whole } as never);
    const strange = { ...whole, unheardOf: { of: ['course'] } };
    expect(decode(strange)).toMatchObject({ ok: true });

    expect(Object.keys(bad).filter((field) => !(field in good))).toEqual([]);
    const missing = Object.keys(good).filter((field) => !(field in bad));
    expect(missing).toEqual([]);

    for (const field of Object.keys(good)) {
      const { [field]: _, ...rest } = whole as Record<string, unknown>;
      expect([field, decode(rest).ok]).toEqual([field, optional.includes(field)]);
      for (const value of bad[field] ?? []) {
        const refused = decode({ ...whole, [field]: value });
        expect([field, value, refused.ok]).toEqual([field, value, false]);
        if (!refused.ok) expect(refused.reason).toStartWith(`${type}/${field}`);
      }
    }
  });
});
