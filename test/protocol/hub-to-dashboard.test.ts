import { hubToDashboard } from '../../src/protocol/hub-to-dashboard.ts';
import { describeMessages } from './describe-messages.ts';
import {
  approvalRequest,
  command,
  invalidApprovalRequest,
  invalidId,
  invalidInteger,
  invalidReport,
  invalidText,
  report,
  reportFields,
} from './field-values.ts';

const limits = {
  messageBytes: 1,
  chunkBytes: 1,
  bufferBytes: 1,
  commandBytes: 1,
  queueLength: 1,
  commandTimeoutMs: 1,
  maxCommandTimeoutMs: 1,
};

describeMessages('hub → dashboard', hubToDashboard, {
  'agent:status': {
    valid: { agentId: 'a', status: 'busy', timestamp: 0 },
    invalid: { agentId: invalidId, status: ['idle', null], timestamp: invalidInteger },
  },
  'agent:updated': { valid: { agentId: 'a' }, invalid: { agentId: invalidId } },
  'agent:removed': { valid: { agentId: 'a' }, invalid: { agentId: invalidId } },
  'terminal:output': {
    valid: { ...command, data: 'x', stream: 'stdout', sequence: 0, timestamp: 0 },
    optional: ['timestamp'],
    invalid: {
      commandId: invalidId,
      data: invalidText,
      stream: ['stdin'],
      sequence: invalidInteger,
      timestamp: invalidInteger,
    },
  },
  'command:status': {
    valid: {
      ...command,
      agentId: 'a',
      status: 'failed',
      exitCode: 1,
      error: { code: 'timeout', message: 'm' },
    },
    optional: ['exitCode', 'error'],
    invalid: {
      commandId: invalidId,
      agentId: invalidId,
      status: ['done', null],
      exitCode: [null, '1', 0.5],
      error: [null, { code: 'oops', message: 'm' }],
    },
  },
  'turn:updated': {
    valid: { ...command, agentId: 'a' },
    invalid: { commandId: invalidId, agentId: invalidId },
  },
  'dashboard:welcome': {
    valid: {
      connectionId: 'c',
      hubEpoch: 'e',
      userId: 'u',
      role: 'viewer',
      resumed: false,
      keepsTerminals: true,
      heartbeatIntervalMs: 1,
      build: 'b',
      limits,
    },
    optional: ['keepsTerminals', 'build'],
    invalid: {
      connectionId: invalidId,
      hubEpoch: invalidId,
      userId: invalidId,
      role: ['root', null],
      resumed: ['no', null],
      keepsTerminals: ['no', null],
      heartbeatIntervalMs: [0.5, null],
      build: invalidText,
      limits: Object.keys(limits).map((name) => ({ ...limits, [name]: 'x' })),
    },
  },
  'command:accepted': {
    valid: { requestId: 'r', ...command, agentId: 'a', position: 0 },
    optional: ['requestId'],
    invalid: {
      requestId: invalidId,
      commandId: invalidId,
      agentId: invalidId,
      position: invalidInteger,
    },
  },
  'command:report': {
    valid: { ...command, agentId: 'a', ...report },
    optional: [...reportFields],
    invalid: { commandId: invalidId, agentId: invalidId, ...invalidReport },
  },
  'terminal:reset': { valid: command, invalid: { commandId: invalidId } },
  'terminal:epoch': {
    valid: { ...command, epoch: 0 },
    invalid: { commandId: invalidId, epoch: invalidInteger },
  },
  'terminal:gap': {
    valid: { ...command, fromSequence: 0, toSequence: 2, bytes: 0, reason: 'expired' },
    invalid: {
      commandId: invalidId,
      fromSequence: invalidInteger,
      toSequence: invalidInteger,
      bytes: invalidInteger,
      reason: ['lost', null],
    },
  },
  'hub:heartbeat': { valid: { timestamp: 0 }, invalid: { timestamp: invalidInteger } },
  'terminal:complete': {
    valid: { ...command, lastSequence: -1, totalBytes: 0 },
    invalid: { commandId: invalidId, lastSequence: [-2, null], totalBytes: invalidInteger },
  },
  'terminal:size': {
    valid: { ...command, cols: 80, rows: 24, owner: null, isOwner: false, nextSequence: 0 },
    invalid: {
      commandId: invalidId,
      cols: [0, 1001],
      rows: [0, 1001],
      owner: [0, ''],
      isOwner: ['no', null],
      nextSequence: invalidInteger,
    },
  },
  'input:accepted': {
    valid: { ...command, inputId: 0 },
    invalid: { commandId: invalidId, inputId: invalidInteger },
  },
  'approval:request': {
    valid: { ...approvalRequest, detailBytes: 70_000, agentId: 'a', requestedAt: 0 },
    optional: ['detail', 'detailBytes'],
    invalid: {
      ...invalidApprovalRequest,
      detailBytes: invalidInteger,
      agentId: invalidId,
      requestedAt: invalidInteger,
    },
  },
  'approval:resolved': {
    valid: { approvalId: 'q', outcome: 'cancelled', optionId: 'o', resolvedBy: 'u' },
    optional: ['optionId', 'resolvedBy'],
    invalid: {
      approvalId: invalidId,
      outcome: ['maybe'],
      optionId: invalidId,
      resolvedBy: invalidId,
    },
  },
  'approval:applied': {
    valid: { approvalId: 'q', ...command },
    invalid: { approvalId: invalidId, commandId: invalidId },
  },
  error: {
    valid: {
      code: 'expired',
      message: 'm',
      requestId: 'r',
      commandId: 'c',
      agentId: 'a',
      approvalId: 'q',
    },
    optional: ['requestId', 'commandId', 'agentId', 'approvalId'],
    invalid: {
      code: ['oops'],
      message: invalidText,
      requestId: invalidId,
      commandId: invalidId,
      agentId: invalidId,
      approvalId: invalidId,
    },
  },
});
