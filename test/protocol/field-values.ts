// Valid and invalid values of fields that several messages share.

import type { CommandOptions } from '../../src/protocol/entities.ts';
import type { FileChange } from '../../src/protocol/changes.ts';
import type { CommandReport } from '../../src/protocol/report.ts';

export const command = { commandId: '019' };

export const commandOptions: CommandOptions = { session: 'new', timeoutMs: 1 };

export const commandOptionFields = Object.keys(commandOptions) as (keyof CommandOptions)[];

export const approvalRequest = {
  approvalId: 'q',
  commandId: '019',
  title: 'Edit a file?',
  detail: '- a\n+ b',
  options: [{ optionId: 'yes', name: 'Yes', kind: 'allow_once' }],
};

export const report: Required<CommandReport> = {
  conversationId: 'talk',
  usage: { used: 0, size: 1, cost: { amount: 0.5, currency: 'USD' } },
  changes: { files: 1, added: 2, removed: 3 },
  changesProblem: 'timeout',
};

export const reportFields = ['conversationId', 'usage', 'changes', 'changesProblem'] as const;

export const changedFile: Required<FileChange> = {
  path: 'src/new.ts',
  oldPath: 'src/old.ts',
  kind: 'renamed',
  added: 1,
  removed: 0,
  isBinary: false,
  oldSize: 1,
  newSize: 2,
  oldMode: '100644',
  newMode: '100755',
  patch: '@@ -1 +1,2 @@\n a\n+b\n',
  omitted: 'too_large',
  isRevertible: true,
};

export const invalidFiles = [
  [{ ...changedFile, path: '' }],
  [{ ...changedFile, path: 'x'.repeat(4097) }],
  [{ ...changedFile, oldPath: null }],
  [{ ...changedFile, kind: 'copied' }],
  [{ ...changedFile, added: -1 }],
  [{ ...changedFile, isBinary: 'no' }],
  [{ ...changedFile, oldMode: '<b>' }],
  [{ ...changedFile, patch: 'x'.repeat(131_073) }],
  [{ ...changedFile, omitted: 'why' }],
  [{ ...changedFile, isRevertible: undefined }],
  Array.from({ length: 1_001 }, () => changedFile),
  null,
];

/** Values that are rejected, by kind of field. */
export const invalidId = ['', 'x'.repeat(129), 7, null];
export const invalidAccept = ['x', [7], Array(65).fill('x'), ['x'.repeat(65)], null];
export const invalidInteger = [-1, 0.5, 1.7e308, '0', null];
export const invalidText = [7, null, {}];
export const invalidNotice = [...invalidText, 'x'.repeat(2049)];

export const invalidCommandOptions: Record<keyof CommandOptions, unknown[]> = {
  session: ['old', null],
  timeoutMs: [0, -1, 1.5, 1.7e308, '1', null],
};

export const invalidApprovalRequest = {
  approvalId: invalidId,
  commandId: invalidId,
  title: [...invalidText, 'x'.repeat(1025)],
  detail: invalidText,
  options: [[], Array(17).fill(approvalRequest.options[0]), [{ optionId: 'yes' }], 'yes', null],
};

export const invalidReport = {
  conversationId: ['', 'x'.repeat(257), 7, null],
  usage: [{ used: 1 }, { used: -1, size: 1 }, { used: 1, size: 1, cost: { amount: -1 } }, null],
  changes: [{ files: 1, added: 2 }, { files: 1, added: 0.5, removed: 0 }, null],
  changesProblem: ['unknown', '', null],
};
