// The options that describe an agent, shared by `agent`, `up` and `doctor`.
import type { Option } from 'commander';
import { envOption } from '../config.ts';

export function agentIdOption(): Option {
  return envOption('--id <id>', 'Agent ID', 'agent_id');
}

export function tokenFileOption(): Option {
  return envOption(
    '--token-file <file>',
    'File that contains the agent token, or - for standard input; alternatively, set SIGNALBOX_AGENT_TOKEN',
    'agent_token_file',
  );
}

export function cwdOption(): Option {
  return envOption('--cwd <dir>', 'Working directory of the agent', 'agent_cwd').default('.');
}

export function ptyOption(): Option {
  return envOption(
    '--pty',
    'Run shell commands in a terminal that accepts input; stdout and stderr are combined',
    'agent_pty',
  ).default(false);
}
