import { agentToHub } from '../../src/protocol/agent-to-hub.ts';
import { describeMessages } from './describe-messages.ts';
import {
  approvalRequest,
  changedFile,
  command,
  invalidAccept,
  invalidApprovalRequest,
  invalidFiles,
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

const invalidDescriptions = [null, 'x', { '/a': 7 }, { '/a': 'x'.repeat(201) }];

describeMessages('agent → hub', agentToHub, {
  'files:listed': {
    valid: { requestId: 'r', files: ['src/main.ts'], isTruncated: false },
    invalid: {
      requestId: invalidId,
      files: [null, [''], [7], ['x'.repeat(1025)], Array(51).fill('a')],
      isTruncated: [null, 'no'],
    },
  },
  'agent:connect': {
    valid: {
      agentId: 'a',
      agentType: 'gemini',
      token: 't',
      capabilities: ['prompt', '/review'],
      instanceId: 'i',
      runner: { name: 'r', version: '1', host: 'h' },
      journalId: 'j',
      descriptions: { '/review': 'Reviews the changes.' },
      notice: 'Install the program.',
      accept: ['changes:revert'],
      held: [held],
    },
    optional: ['runner', 'journalId', 'descriptions', 'notice', 'accept', 'held'],
    invalid: {
      agentId: invalidId,
      agentType: ['gpt', '', null],
      token: [...invalidText, 'x'.repeat(8193)],
      capabilities: ['prompt', [''], [7], Array(1001).fill('/x'), null],
      instanceId: invalidId,
      runner: [{}, { name: 'r', version: '1' }, null],
      journalId: invalidId,
      descriptions: invalidDescriptions,
      notice: invalidNotice,
      accept: invalidAccept,
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
    valid: { capabilities: [], descriptions: {}, notice: '' },
    optional: ['descriptions', 'notice'],
    invalid: {
      capabilities: [null, [7]],
      descriptions: invalidDescriptions,
      notice: invalidNotice,
    },
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
  'turn:update': {
    valid: {
      ...command,
      sequence: 0,
      part: 0,
      content: {
        type: 'tool',
        title: 'Edit a.ts',
        kind: 'edit',
        status: 'completed',
        durationMs: 5,
        input: '{}',
        output: 'done',
        diffs: [{ path: 'a.ts', isNew: false, added: 1, removed: 0, text: '+a', omittedLines: 1 }],
        approval: { state: 'allowed', option: 'Yes' },
      },
      append: 'text',
    },
    optional: ['content', 'append'],
    invalid: {
      commandId: invalidId,
      sequence: invalidInteger,
      part: invalidInteger,
      content: [
        null,
        'text',
        {},
        { type: 'image' },
        { type: 'message' },
        { type: 'message', text: 'x'.repeat(65_537) },
        { type: 'thought', text: '', durationMs: -1 },
        { type: 'note', text: '', tone: 'loud' },
        { type: 'plan', entries: [{ text: '', status: 'done' }] },
        {
          type: 'plan',
          entries: Array.from({ length: 201 }, () => ({ text: '', status: 'pending' })),
        },
        { type: 'tool', title: 'x'.repeat(1_025), kind: 'edit', status: 'failed' },
        { type: 'tool', title: '', kind: '', status: 'done' },
        { type: 'tool', title: '', kind: '', status: 'failed', diffs: [{ path: 'a' }] },
        { type: 'tool', title: '', kind: '', status: 'failed', approval: { state: 'maybe' } },
      ],
      append: [null, 7, 'x'.repeat(65_537)],
    },
  },
  'command:changes': {
    valid: { ...command, files: [changedFile], omittedFiles: 0 },
    invalid: { commandId: invalidId, files: invalidFiles, omittedFiles: invalidInteger },
  },
  'changes:reverted': {
    valid: { requestId: 'r', error: 'The file has changed.' },
    optional: ['error'],
    invalid: { requestId: invalidId, error: invalidNotice },
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
      turnUpdates: 3,
    },
    optional: ['signal', 'error', 'report', 'turnUpdates'],
    invalid: {
      commandId: invalidId,
      outcome: ['queued', 'done', null],
      exitCode: ['0', 0.5],
      signal: [9, 'x'.repeat(33)],
      lastSequence: [-2, null, '0'],
      error: [{ code: 'oops', message: '' }, { code: 'timeout' }, 'timeout'],
      report: invalidReport.usage.map((usage) => ({ usage })),
      turnUpdates: invalidInteger,
    },
  },
  'approval:request': {
    valid: approvalRequest,
    optional: ['detail'],
    invalid: invalidApprovalRequest,
  },
  'approval:applied': { valid: { approvalId: 'q' }, invalid: { approvalId: invalidId } },
});
