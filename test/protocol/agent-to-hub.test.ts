import { agentToHub } from '../../src/protocol/agent-to-hub.ts';
import { describeMessages } from './describe-messages.ts';
import {
  approvalRequest,
  command,
  invalidApprovalRequest,
  invalidId,
  invalidInteger,
  invalidNotice,
  invalidReport,
  invalidText,
  report,
  reportFields,
} from './field-values.ts';

const held = {
  commandId: '019',
  attempt: 1,
  firstSequence: 0,
  nextSequence: 4,
  lostBytes: 0,
  finished: false,
};

describeMessages('agent → hub', agentToHub, {
  'agent:connect': {
    valid: {
      agentId: 'a',
      agentType: 'gemini',
      token: 't',
      capabilities: ['prompt', '/review'],
      instanceId: 'i',
      runner: { name: 'r', version: '1', host: 'h' },
      journalId: 'j',
      notice: 'Install the program.',
      held: [held],
    },
    optional: ['runner', 'journalId', 'notice', 'held'],
    invalid: {
      agentId: invalidId,
      agentType: ['gpt', '', null],
      token: [...invalidText, 'x'.repeat(8193)],
      capabilities: ['prompt', [''], [7], Array(1001).fill('/x'), null],
      instanceId: invalidId,
      runner: [{}, { name: 'r', version: '1' }, null],
      journalId: invalidId,
      notice: invalidNotice,
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
  'agent:capabilities': {
    valid: { capabilities: [], notice: '' },
    optional: ['notice'],
    invalid: { capabilities: [null, [7]], notice: invalidNotice },
  },
  'agent:heartbeat': {
    valid: {
      timestamp: 1,
      process: { commandId: '019', pid: 1, alive: true, lastOutputAt: null },
    },
    optional: ['process'],
    invalid: {
      timestamp: invalidInteger,
      process: [
        {},
        { commandId: '019', pid: 'x', alive: true, lastOutputAt: 1 },
        { commandId: '019', pid: 1, alive: 1, lastOutputAt: 1 },
        { commandId: '019', pid: 1, alive: true },
        { commandId: '', pid: 1, alive: true, lastOutputAt: 1 },
      ],
    },
  },
  'command:started': { valid: command, invalid: { commandId: invalidId } },
  'terminal:output': {
    valid: { ...command, data: '', stream: 'stderr', sequence: 0 },
    invalid: {
      commandId: invalidId,
      data: invalidText,
      stream: ['stdin', null],
      sequence: invalidInteger,
    },
  },
  'terminal:gap': {
    valid: { ...command, nextSequence: 3, bytes: 0 },
    invalid: { commandId: invalidId, nextSequence: invalidInteger, bytes: invalidInteger },
  },
  'command:report': {
    valid: { ...command, ...report },
    optional: [...reportFields],
    invalid: { commandId: invalidId, ...invalidReport },
  },
  'command:finished': {
    valid: {
      ...command,
      outcome: 'failed',
      exitCode: null,
      signal: 'SIGKILL',
      lastSequence: -1,
      error: { code: 'program_failed', message: 'It failed.' },
      report,
    },
    optional: ['signal', 'error', 'report'],
    invalid: {
      commandId: invalidId,
      outcome: ['queued', 'done', null],
      exitCode: ['0', 0.5],
      signal: [9, 'x'.repeat(33)],
      lastSequence: [-2, null, '0'],
      error: [{ code: 'oops', message: '' }, { code: 'timeout' }, 'timeout'],
      report: invalidReport.usage.map((usage) => ({ usage })),
    },
  },
  'approval:request': {
    valid: approvalRequest,
    optional: ['detail'],
    invalid: invalidApprovalRequest,
  },
  'approval:applied': { valid: { approvalId: 'q' }, invalid: { approvalId: invalidId } },
});
