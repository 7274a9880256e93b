// `signalbox up`: a hub and one local agent in one process, the quickest way to start.
import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { acpPrograms } from '../agent/acp/programs.ts';
import { agentTypes, envOption } from '../config.ts';
import type { AgentType } from '../protocol/agent-status.ts';
import { agentIdOption, cwdOption, ptyOption } from './agent-options.ts';
import { type HubFlags, hubProcessOptions, withHubOptions } from './hub-options.ts';
import { createAdmin, type HubProcess, startHubProcess } from './hub-process.ts';
import { withOidcOptions } from './oidc-options.ts';
import { writeOut } from './output.ts';
import { requireSeparateFolders } from './separate-folders.ts';
import { readSecret } from './secrets.ts';
import { waitForStopSignal } from './signals.ts';

interface UpFlags extends HubFlags {
  id: string;
  type: AgentType;
  cwd: string;
  pty: boolean;
}

/** Contains the generated password of the account `admin`. */
const PASSWORD_FILE = 'admin-password';

export function upCommand(): Command {
  return withOidcOptions(withHubOptions(new Command('up')))
    .description('Start a hub and a local agent')
    .addOption(agentIdOption().default('local'))
    .addOption(
      envOption('--type <type>', 'Agent type', 'agent_type').choices(agentTypes).default('claude'),
    )
    .addOption(cwdOption())
    .addOption(ptyOption())
    .addHelpText(
      'after',
      `
The first start creates the account "admin" with the password in
SIGNALBOX_ADMIN_PASSWORD, or generates a password, prints it once, and stores it
in the data folder.

Examples:
  signalbox up
  signalbox up --cwd ~/project --port 8080
  signalbox up --pty`,
    )
    .action(async (flags: UpFlags) => {
      const stopped = waitForStopSignal();
      requireSeparateFolders(flags.data, flags.cwd);
      const options = hubProcessOptions(flags, null);
      const { startAgent } = await import('../agent/agent.ts');
      const hub = await startHubProcess(options);
      const signIn = await ensureAdmin(hub);
      const token = await ensureAgent(hub, flags);
      const agent = startAgent({
        hub: hub.localUrl,
        isOwnHub: true,
        agentId: flags.id,
        agentType: flags.type,
        token,
        cwd: resolve(flags.cwd),
        stateDir: hub.folder.resolve(`agent-${flags.id}`),
        pty: flags.pty,
        acp: acpPrograms[flags.type],
        log: options.log.info,
      });
      writeOut(
        `Signalbox is ready at ${hub.url}\n${signIn}\n${describeRights(resolve(flags.cwd))}\n`,
      );
      await Promise.race([stopped, agent.ended, hub.ended]);
      await agent.stop();
      await hub.stop();
    });
}

/** Describes the rights of the people who can send commands. */
function describeRights(cwd: string): string {
  return `Commands run in ${cwd} as the user ${readUsername()}. They can read and change everything that this user can, including
the hub's data. For a team, run "signalbox serve" and "signalbox agent" as two users: see SECURITY.md.`;
}

/** Returns the name of the user who runs this process. `os.userInfo` returns the variable USER, which can be missing. */
function readUsername(): string {
  const id = Bun.which('id');
  const name = id && Bun.spawnSync([id, '-un'], { stderr: 'ignore' }).stdout.toString().trim();
  return name || `with the ID ${process.getuid?.()}`;
}

/** Creates the admin account if there is none, and returns how to sign in. */
async function ensureAdmin({ hub, folder }: HubProcess): Promise<string> {
  const chosen = readSecret('SIGNALBOX_ADMIN_PASSWORD');
  if (await hub.accounts.exist()) {
    return folder.read(PASSWORD_FILE) === null
      ? 'Sign in as admin with the password you chose.'
      : `Sign in as admin with the password shown at the first start. It is stored in ${folder.resolve(PASSWORD_FILE)}.`;
  }
  const password =
    chosen ?? folder.readOrCreate(PASSWORD_FILE, () => randomBytes(9).toString('base64url'));
  await createAdmin(hub, password);
  return chosen === undefined
    ? `Sign in as admin with password ${password}`
    : 'Sign in as admin with the password in SIGNALBOX_ADMIN_PASSWORD.';
}

/** Returns the token of the local agent. Registers it again if the token is missing or the type has changed. */
async function ensureAgent({ hub, folder }: HubProcess, { id, type }: UpFlags): Promise<string> {
  const actor = { userId: 'admin', role: 'admin' as const, agents: null };
  const file = `agent-${id}.token`;
  const registered = hub.registry.find(id);
  const saved = folder.read(file);
  if (registered?.agentType === type && saved !== null) return saved;
  if (registered) await hub.registry.remove(actor, id);
  const { token } = await hub.registry.register(actor, { agentId: id, agentType: type });
  folder.write(file, token);
  return token;
}
