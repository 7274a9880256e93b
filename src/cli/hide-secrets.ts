// Hides the secrets in environment variables. Every process of the same user can read the environment that a process was
// started with, in /proc. A long-running process therefore replaces itself with one that was started without them
// (SECURITY.md, "Secrets in memory").
import { closeSync, fstatSync, readFileSync, readSync, writeSync } from 'node:fs';
import type * as Libc from './libc.ts';
import { writeError } from './output.ts';
import { keepSecrets, secretNames, type Secrets, takeSecrets } from './secrets.ts';

/** The descriptor of the file from which the new program reads the secrets. */
const FILE_VARIABLE = 'SIGNALBOX_SECRETS_FD';

/**
 * Takes the secrets out of the environment of this process, and makes it unreadable for other processes of its user. On
 * Linux, this starts the program again in the same process if there are secrets. Call it before anything else.
 */
export async function hideSecrets(): Promise<void> {
  const secrets = takeSecrets();
  if (process.platform === 'linux') {
    try {
      // Most commands do not need it.
      const libc = await import('./libc.ts');
      const file = process.env[FILE_VARIABLE];
      delete process.env[FILE_VARIABLE];
      if (file !== undefined) Object.assign(secrets, receiveSecrets(Number(file)));
      else if (Object.keys(secrets).length > 0) restartWithout(secrets, libc);
      libc.denyInspection();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      writeError(`Could not hide secrets from other processes of this user: ${reason}\n`);
    }
  }
  keepSecrets(secrets);
}

/**
 * Starts the program again, with the same arguments and files, and an environment without the secrets.
 * @throws if that fails
 */
function restartWithout(secrets: Secrets, libc: typeof Libc): never {
  const file = libc.createInheritedFile();
  writeSync(file, JSON.stringify(secrets));
  const environment = readStrings('/proc/self/environ').filter(
    (variable) => !secretNames.some((name) => variable.toString().startsWith(`${name}=`)),
  );
  libc.replaceProgram(process.execPath, readStrings('/proc/self/cmdline'), [
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
