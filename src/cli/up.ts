// `signalbox up`: a hub and one agent on this machine, in one process: the newcomer's start.
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { acpPrograms } from '../agent/acp/programs.ts';
import { startAgent } from '../agent/agent.ts';
import { agentTypes, setting } from '../config.ts';
import type { AgentType } from '../protocol/agent-status.ts';
import { type HubFlags, hubProcessOptions, withHubOptions } from './hub-options.ts';
import { type HubProcess, startHubProcess } from './hub-process.ts';
import { createLog } from './log.ts';
import { askedToStop } from './signals.ts';

interface UpFlags extends HubFlags {
  id: string;
  type: AgentType;
  cwd: string;
}

export function upCommand(): Command {
  return withHubOptions(new Command('up'))
    .description('Run a hub and one agent on this machine: the quickest start.')
    .addOption(setting('--id <id>', "the agent's id", 'agent_id').default('local'))
    .addOption(
      setting('--type <type>', "the agent's type", 'agent_type')
        .choices(agentTypes)
        .default('claude'),
    )
    .addOption(setting('--cwd <dir>', 'where the agent works', 'agent_cwd').default('.'))
    .addHelpText(
      'after',
      `
The first start makes the account "admin" with SIGNALBOX_ADMIN_PASSWORD, or with a password of its own that it prints.

Examples:
  signalbox up
  signalbox up --cwd ~/project --port 8080`,
    )
    .action(async (flags: UpFlags) => {
      const stop = askedToStop();
      const options = hubProcessOptions(flags, null);
      const hub = await startHubProcess(options);
      const password = await ensureAdmin(hub);
      const token = await ensureAgent(hub, flags);
      const agent = startAgent({
        hub: hub.local,
        agentId: flags.id,
        agentType: flags.type,
        token,
        cwd: resolve(flags.cwd),
        stateDir: hub.folder.path(`agent-${flags.id}`),
        pty: false,
        acp: acpPrograms[flags.type],
        log: (line) => createLog().info(line),
      });
      process.stdout.write(
        `Signalbox is ready at ${hub.url}\nLog in as admin, password: ${password}\n`,
      );
      await Promise.race([stop, agent.ended]);
      await agent.stop();
      await hub.stop();
    });
}

/** Makes the admin where there is none. What the password is, or where it was chosen. */
async function ensureAdmin({ hub, folder }: HubProcess): Promise<string> {
  const chosen = process.env['SIGNALBOX_ADMIN_PASSWORD'];
  if (!(await hub.accounts.areMissing())) {
    return folder.read('admin-password') ?? 'the one you chose';
  }
  const password =
    chosen ?? folder.secret('admin-password', () => randomBytes(9).toString('base64url'));
  await hub.accounts.createFirstAdmin(password);
  return chosen === undefined ? password : 'the one in SIGNALBOX_ADMIN_PASSWORD';
}

/** The token of the local agent; it is added anew where the token is not at hand, or the type has changed. */
async function ensureAgent({ hub, folder }: HubProcess, { id, type }: UpFlags): Promise<string> {
  const who = { userId: 'admin', role: 'admin' as const };
  const file = `agent-${id}.token`;
  const known = hub.registry.find(id);
  const kept = folder.read(file);
  if (known?.agentType === type && kept !== null) return kept;
  if (known) await hub.registry.revoke(who, id);
  const { token } = await hub.registry.register(who, { agentId: id, agentType: type });
  folder.write(file, token);
  return token;
}
