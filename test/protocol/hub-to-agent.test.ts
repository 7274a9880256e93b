import { hubToAgent } from '../../src/protocol/hub-to-agent.ts';
import { describeMessages } from './describe-messages.ts';
import {
  command,
  commandOptions,
  invalidAccept,
  invalidCommandOptions,
  invalidId,
  invalidInteger,
  invalidText,
} from './field-values.ts';

describeMessages('hub → agent', hubToAgent, {
  'files:list': {
    valid: { requestId: 'r', query: 'src/', limit: 50 },
    invalid: {
      requestId: invalidId,
      query: [...invalidText, 'x'.repeat(257)],
      limit: [0, 51, 1.5, '1', null],
    },
  },
  'agent:welcome': {
    valid: {
      agentId: 'a',
      heartbeatIntervalMs: 1,
      resume: [{ ...command, nextSequence: 0, nextTurnSequence: 0 }],
      stop: ['019'],
      accept: ['command:changes'],
    },
    optional: ['accept'],
    invalid: {
      agentId: invalidId,
      heartbeatIntervalMs: [0, '1'],
      resume: [
        null,
        [{ ...command, nextSequence: -1 }],
        [{ ...command, nextSequence: 0, nextTurnSequence: -1 }],
        [{}],
      ],
      stop: [null, [7], ['']],
      accept: invalidAccept,
    },
  },
  'command:execute': {
    valid: { ...command, attempt: 1, command: '!ls', ...commandOptions },
    invalid: {
      commandId: invalidId,
      attempt: [0, 1.5, null],
      command: invalidText,
      ...invalidCommandOptions,
    },
  },
  'changes:revert': {
    valid: { requestId: 'r', ...command, path: 'src/a.ts' },
    invalid: {
      requestId: invalidId,
      commandId: invalidId,
      path: ['', 'x'.repeat(4097), 7, null],
    },
  },
  'command:interrupt': {
    valid: { ...command, reason: 'timeout' },
    invalid: { commandId: invalidId, reason: ['why', null] },
  },
  'output:ack': {
    valid: { ...command, nextSequence: 0 },
    invalid: { commandId: invalidId, nextSequence: invalidInteger },
  },
  'turn:ack': {
    valid: { ...command, nextSequence: 0 },
    invalid: { commandId: invalidId, nextSequence: invalidInteger },
  },
  'command:acknowledged': { valid: command, invalid: { commandId: invalidId } },
  'hub:storage': { valid: { failing: true }, invalid: { failing: ['yes', null] } },
  'approval:resolved': {
    valid: { approvalId: 'q', outcome: 'selected', optionId: 'o' },
    optional: ['optionId'],
    invalid: { approvalId: invalidId, outcome: ['maybe', null], optionId: invalidId },
  },
  'command:input': {
    valid: { ...command, data: '' },
    invalid: { commandId: invalidId, data: invalidText },
  },
  'terminal:resize': {
    valid: { ...command, cols: 1, rows: 1000 },
    invalid: { commandId: invalidId, cols: [0], rows: [1001] },
  },
  error: {
    valid: {
      code: 'queue_full',
      message: 'm',
      requestId: 'r',
      commandId: 'c',
      agentId: 'a',
      approvalId: 'q',
    },
    optional: ['requestId', 'commandId', 'agentId', 'approvalId'],
    invalid: {
      code: ['oops', null],
      message: invalidText,
      requestId: invalidId,
      commandId: invalidId,
      agentId: invalidId,
      approvalId: invalidId,
    },
  },
});
