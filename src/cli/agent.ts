// `signalbox agent`: the side that runs commands.
import { resolve } from 'node:path';
import { Command } from 'commander';
import {
  type AcpProgram,
  acpPrograms,
  installedTypes,
  programFromLine,
} from '../agent/acp/programs.ts';
import { startAgent } from '../agent/agent.ts';
import { address, agentTypes, defaultStateFolder, setting } from '../config.ts';
import type { AgentType } from '../protocol/agent-status.ts';
import { agentToken } from './agent-token.ts';
import { Failure } from './failure.ts';
import { createLog } from './log.ts';
import { askedToStop } from './signals.ts';

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
    .description('Connect an agent to a hub, and run what it is sent.')
    .addOption(
      setting('--hub <url>', 'the hub').default('http://127.0.0.1:7420').argParser(address),
    )
    .addOption(setting('--id <id>', 'its id on the hub', 'agent_id').makeOptionMandatory())
    .addOption(
      setting('--type <type>', 'its type, as it was added', 'agent_type').choices(agentTypes),
    )
    .option('--acp <command>', "take prompts with this ACP program instead of the type's own")
    .option('--no-acp', 'take no prompts: the shell alone')
    .addOption(
      setting(
        '--token-file <file>',
        'where its token stands (or SIGNALBOX_AGENT_TOKEN)',
        'agent_token_file',
      ),
    )
    .addOption(setting('--cwd <dir>', 'where it works', 'agent_cwd').default('.'))
    .addOption(setting('--state <dir>', 'where it keeps its journal', 'agent_state'))
    .addOption(
      setting('--pty', 'one real terminal for both streams, with keyboard', 'agent_pty').default(
        false,
      ),
    )
    .addHelpText(
      'after',
      `
Add the agent on the dashboard first: it shows the token, once.

Examples:
  SIGNALBOX_AGENT_TOKEN=… signalbox agent --hub https://signalbox.example.com --id build-1 --type claude
  signalbox agent --id build-1 --type codex --token-file ~/.signalbox-token --cwd ~/project`,
    )
    .action(async (flags: AgentFlags) => {
      const stop = askedToStop();
      const token = agentToken(flags.tokenFile);
      if (token === null) {
        throw new Failure('Give the token with --token-file, or in SIGNALBOX_AGENT_TOKEN.');
      }
      const log = createLog();
      const agentType = flags.type ?? onlyInstalled();
      const acp = programOf(flags.acp, agentType);
      const agent = startAgent({
        hub: flags.hub,
        agentId: flags.id,
        agentType,
        ...(acp && { acp }),
        token,
        cwd: resolve(flags.cwd),
        stateDir: flags.state ?? defaultStateFolder(flags.hub, flags.id),
        pty: flags.pty,
        log: (line) => log.info(line),
      });
      const ended = await Promise.race([stop.then(() => null), agent.ended]);
      if (ended === null) return agent.stop();
      if (ended.exitCode !== 0) throw new Failure(ended.reason, ended.exitCode);
    });
}

/** @throws {Failure} where it is not one and only one */
function onlyInstalled(): AgentType {
  const found = installedTypes();
  const [only, ...others] = found;
  if (only !== undefined && others.length === 0) {
    process.stderr.write(`Found ${acpPrograms[only].title}: --type ${only}\n`);
    return only;
  }
  const names = found.length === 0 ? 'no AI program' : found.join(', ');
  throw new Failure(`Found ${names} on this machine: say with --type what this agent is.`);
}

function programOf(given: string | false | undefined, type: AgentType): AcpProgram | null {
  if (given === false) return null;
  return given === undefined ? acpPrograms[type] : programFromLine(given);
}
