// Runs git in an untrusted repository: without the programs that its configuration names, without network access and
// without prompts.
import { childEnvironment } from '../process/environment.ts';
import { findProcessTree, signalProcesses } from '../process/tree.ts';

/** Disables hooks, helper programs and fetching. */
const SAFE_CONFIG = [
  'core.fsmonitor=false',
  'core.hooksPath=/dev/null',
  'core.splitIndex=false',
  'core.sshCommand=false',
  'protocol.allow=never',
].flatMap((setting) => ['-c', setting]);

/** Runs a git command. Rejects if the command fails or is aborted. An abort kills its processes. */
export type Git = (
  args: readonly string[],
  env: Record<string, string>,
  signal: AbortSignal,
) => Promise<string>;

/** Returns null if git is not installed. */
export function findGit(cwd: string): Git | null {
  const path = Bun.which('git');
  if (path === null) return null;
  return (args, env, signal) => run([path, ...SAFE_CONFIG, ...args], cwd, env, signal);
}

/**
 * Environment variables that disable the repository's filters. A filter is a program that git runs on file contents.
 * @param names the output of `git config -z --name-only --list`
 */
export function disableFilters(names: string): Record<string, string> {
  const filters = new Set(names.split('\0').filter((name) => /^filter\..*\.\w+$/s.test(name)));
  const settings = [...filters].map((name) => [name, name.endsWith('.required') ? 'false' : '']);
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(settings.length)],
    ...settings.flatMap(([name, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, name],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ]);
}

/** The agent's environment without GIT_ variables, which may refer to another repository. */
function environment(mark: string, extra: Record<string, string>): Record<string, string> {
  const env = Object.entries(childEnvironment(process.env, mark));
  return {
    ...Object.fromEntries(env.filter(([name]) => !name.startsWith('GIT_'))),
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_LAZY_FETCH: '1',
    ...extra,
  };
}

async function run(
  argv: string[],
  cwd: string,
  env: Record<string, string>,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted();
  const mark = Bun.randomUUIDv7();
  const child = Bun.spawn(argv, {
    cwd,
    env: environment(mark, env),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
    detached: true,
  });
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    signalProcesses(findProcessTree(mark, child.pid), 'SIGKILL');
    reject(new Error('git timed out'));
  };
  signal.addEventListener('abort', onAbort);
  try {
    const finished = Promise.all([new Response(child.stdout).text(), child.exited]);
    const [text, exitCode] = await Promise.race([finished, aborted]);
    if (exitCode !== 0) throw new Error(`git exited with code ${exitCode}`);
    return text;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
