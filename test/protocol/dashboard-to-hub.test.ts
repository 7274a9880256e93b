import { dashboardToHub } from '../../src/protocol/dashboard-to-hub.ts';
import { describeMessages } from './describe-messages.ts';
import {
  command,
  commandOptionFields,
  commandOptions,
  invalidCommandOptions,
  invalidId,
  invalidInteger,
  invalidText,
} from './field-values.ts';

describeMessages('dashboard → hub', dashboardToHub, {
  'dashboard:connect': {
    valid: {
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
    invalid: {
      token: [...invalidText, 'x'.repeat(8193)],
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
    valid: {
      agentId: 'a',
      command: '!ls',
      priority: 'high',
      requestId: 'r',
      ifOffline: 'queue',
      ...commandOptions,
    },
    optional: ['requestId', 'ifOffline', ...commandOptionFields],
    invalid: {
      agentId: invalidId,
      command: invalidText,
      priority: ['urgent', 'HIGH', 1, null],
      requestId: invalidId,
      ifOffline: ['wait', true, null],
      ...invalidCommandOptions,
    },
  },
  'command:interrupt': { valid: command, invalid: { commandId: invalidId } },
  'command:change': {
    valid: { ...command, command: '!ls', priority: 'low', before: 'c' },
    optional: ['command', 'priority', 'before'],
    invalid: {
      commandId: invalidId,
      command: invalidText,
      priority: ['urgent', null],
      before: ['', 7, 'x'.repeat(129)],
    },
  },
  'command:cancel': { valid: command, invalid: { commandId: invalidId } },
  'command:restore': { valid: command, invalid: { commandId: invalidId } },
  'agent:pause': {
    valid: { agentId: 'a', note: 'deploying' },
    optional: ['note'],
    invalid: { agentId: invalidId, note: [...invalidText, 'x'.repeat(501)] },
  },
  'agent:resume': { valid: { agentId: 'a' }, invalid: { agentId: invalidId } },
  'terminal:attach': {
    valid: { ...command, afterSequence: -1, epoch: 0, afterBytes: 0, tailBytes: 1_048_576 },
    optional: ['afterSequence', 'epoch', 'afterBytes', 'tailBytes'],
    invalid: {
      commandId: invalidId,
      afterSequence: [-2, 0.5, '1', null],
      epoch: [-1, 0.5, '1', null],
      afterBytes: [-1, 0.5, '1', null],
      tailBytes: [-1, 0.5, '1', null, 1_048_577],
    },
  },
  'terminal:detach': { valid: command, invalid: { commandId: invalidId } },
  'approval:respond': {
    valid: { approvalId: 'q', optionId: 'o' },
    invalid: { approvalId: invalidId, optionId: invalidId },
  },
  'command:input': {
    valid: { ...command, data: 'y\r', inputId: 0 },
    optional: ['inputId'],
    invalid: { commandId: invalidId, data: invalidText, inputId: invalidInteger },
  },
  'terminal:resize': {
    valid: { ...command, cols: 80, rows: 24, takeOver: false },
    optional: ['takeOver'],
    invalid: {
      commandId: invalidId,
      cols: [0, 1001, 1.5, '80'],
      rows: [0, 1001, null],
      takeOver: ['no', 0],
    },
  },
});
