// `signalbox agent`: connects this machine to a hub and runs commands.
import { resolve } from 'node:path';
import { Command } from 'commander';
import {
  type AcpProgram,
  acpPrograms,
  installedAgentTypes,
  parseProgram,
} from '../agent/acp/programs.ts';
import { agentTypes, DEFAULT_HUB, defaultStateFolder, envOption, parseOrigin } from '../config.ts';
import type { AgentType } from '../protocol/agent-status.ts';
import { agentIdOption, cwdOption, ptyOption, tokenFileOption } from './agent-options.ts';
import { readAgentToken, readTokenAgain } from './agent-token.ts';
import { CliError } from './cli-error.ts';
import { createLog } from './log.ts';
import { writeError } from './output.ts';
import { waitForStopSignal } from './signals.ts';

interface AgentFlags {
  hub: string;
  id: string;
  type?: AgentType;
  acp?: string | false;
  tokenFile?: string;
  cwd: string;
  state?: string;
  pty: boolean;
}

export function agentCommand(): Command {
  return new Command('agent')
    .description('Connect an agent to a hub')
    .addOption(envOption('--hub <url>', 'Hub URL').default(DEFAULT_HUB).argParser(parseOrigin))
    .addOption(agentIdOption().makeOptionMandatory())
    .addOption(
      envOption('--type <type>', 'Agent type, as registered on the hub', 'agent_type')
        .default(undefined, 'detected')
        .choices(agentTypes),
    )
    .option('--acp <command>', 'ACP program to run instead of the default for the type')
    .option('--no-acp', 'Accept shell commands only, no prompts')
    .addOption(tokenFileOption())
    .addOption(cwdOption())
    .addOption(
      envOption(
        '--state <dir>',
        "Folder for the agent's journal, and for what it needs to revert files",
        'agent_state',
      ).default(undefined, '~/.local/state/signalbox/<hub>/<id>'),
    )
    .addOption(ptyOption())
    .addHelpText(
      'after',
      `
Add the agent on the dashboard first. The dashboard shows its token once.

Commands run as the user of the agent, and can read every file of this user. To
keep the token from them, pass it on standard input or as an open file.

Examples:
  SIGNALBOX_AGENT_TOKEN=… signalbox agent --hub https://signalbox.example.com --id build-1 --type claude --pty
  signalbox agent --id build-1 --type codex --token-file ~/.signalbox-token --cwd ~/project
  runuser -u builder -- signalbox agent --id build-1 --token-file - < /root/build-1.token`,
    )
    .action(async (flags: AgentFlags) => {
      const stopped = waitForStopSignal();
      const token = readAgentToken(flags.tokenFile);
      if (token === null) {
        throw new CliError('No agent token. Set SIGNALBOX_AGENT_TOKEN or use --token-file.');
      }
      const agentType = flags.type ?? detectType();
      const acp = acpProgram(flags.acp, agentType);
      const { startAgent } = await import('../agent/agent.ts');
      const agent = startAgent({
        hub: flags.hub,
        agentId: flags.id,
        agentType,
        ...(acp && { acp }),
        token,
        readToken: () => readTokenAgain(flags.tokenFile),
        cwd: resolve(flags.cwd),
        stateDir: flags.state ?? defaultStateFolder(flags.hub, flags.id),
        pty: flags.pty,
        log: createLog().info,
      });
      const ended = await Promise.race([stopped.then(() => null), agent.ended]);
      if (ended === null) return agent.stop();
      if (ended.exitCode !== 0) throw new CliError(ended.reason, ended.exitCode);
    });
}

/**
 * Returns the type of the only AI program installed on this machine.
 * @throws {CliError} if there is none, or more than one
 */
function detectType(): AgentType {
  const types = installedAgentTypes();
  const [type] = types;
  if (type === undefined) {
    throw new CliError('No AI program is installed on this machine. Set the type with --type.');
  }
  if (types.length > 1) {
    throw new CliError(`Found several AI programs: ${types.join(', ')}. Choose one with --type.`);
  }
  writeError(`Found ${acpPrograms[type].title}; using --type ${type}.\n`);
  return type;
}

function acpProgram(flag: string | false | undefined, type: AgentType): AcpProgram | null {
  if (flag === false) return null;
  return flag === undefined ? acpPrograms[type] : parseProgram(flag);
}
