// Secrets in environment variables. Every process of the same user can read the environment that a process was started
// with, in /proc. A long-running process therefore replaces itself with one that was started without them
// (SECURITY.md, "Secrets in memory").
import { closeSync, fstatSync, readFileSync, readSync, writeSync } from 'node:fs';
import { createInheritedFile, denyInspection, replaceProgram } from './libc.ts';
import { writeError } from './output.ts';

const names = [
  'SIGNALBOX_AGENT_TOKEN',
  'SIGNALBOX_ADMIN_PASSWORD',
  'SIGNALBOX_TOKEN',
  'SIGNALBOX_PASSWORD',
  'SIGNALBOX_NEW_PASSWORD',
  'SIGNALBOX_CODE',
  'SIGNALBOX_OIDC_CLIENT_SECRET',
] as const;
type SecretName = (typeof names)[number];
type Secrets = Partial<Record<SecretName, string>>;

/** The descriptor of the file from which the new program reads the secrets. */
const FILE_VARIABLE = 'SIGNALBOX_SECRETS_FD';

/** The secrets that have been taken out of the environment. */
let hidden: Secrets = {};

/** Returns a secret from the environment. */
export function readSecret(name: SecretName): string | undefined {
  return hidden[name] ?? process.env[name];
}

/**
 * Takes the secrets out of the environment of this process, and makes it unreadable for other processes of its user. On
 * Linux, this starts the program again in the same process if there are secrets. Call it before anything else.
 */
export function hideSecrets(): void {
  const secrets = takeSecrets();
  if (process.platform === 'linux') {
    try {
      const file = process.env[FILE_VARIABLE];
      delete process.env[FILE_VARIABLE];
      if (file !== undefined) Object.assign(secrets, receiveSecrets(Number(file)));
      else if (Object.keys(secrets).length > 0) restartWithout(secrets);
      denyInspection();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      writeError(`Could not hide secrets from other processes of this user: ${reason}\n`);
    }
  }
  hidden = secrets;
}

function takeSecrets(): Secrets {
  const secrets: Secrets = {};
  for (const name of names) {
    const value = process.env[name];
    delete process.env[name];
    if (value !== undefined) secrets[name] = value;
  }
  return secrets;
}

/**
 * Starts the program again, with the same arguments and files, and an environment without the secrets.
 * @throws if that fails
 */
function restartWithout(secrets: Secrets): never {
  const file = createInheritedFile();
  writeSync(file, JSON.stringify(secrets));
  const environment = readStrings('/proc/self/environ').filter(
    (variable) => !names.some((name) => variable.toString().startsWith(`${name}=`)),
  );
  replaceProgram(process.execPath, readStrings('/proc/self/cmdline'), [
    ...environment,
    Buffer.from(`${FILE_VARIABLE}=${file}`),
  ]);
  closeSync(file);
  throw new Error('execve failed.');
}

function receiveSecrets(file: number): Secrets {
  const bytes = Buffer.alloc(fstatSync(file).size);
  readSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
  return JSON.parse(bytes.toString()) as Secrets;
}

/** Reads a file of strings that end with a zero byte. They may be invalid UTF-8. */
function readStrings(path: string): Buffer[] {
  const bytes = readFileSync(path);
  const strings: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0, start);
    strings.push(bytes.subarray(start, end < 0 ? bytes.length : end));
    start = end < 0 ? bytes.length : end + 1;
  }
  return strings;
}
