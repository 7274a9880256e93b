// Reads passwords from the environment, a prompt, or standard input. They are never arguments, which other users of the
// machine can see.
import promptPassword from '@inquirer/password';
import { PASSWORD_MIN_LENGTH } from '../protocol/limits.ts';
import { CliError } from './cli-error.ts';
import { ExitCode } from './exit-codes.ts';

/**
 * Returns the current password.
 * @throws {CliError} if none is given
 */
export async function readCurrentPassword(): Promise<string> {
  const given = process.env['SIGNALBOX_PASSWORD'];
  if (given) return given;
  const typed = process.stdin.isTTY
    ? await prompt('Password:')
    : (await Bun.stdin.text()).replace(/\r?\n$/, '');
  if (typed !== '') return typed;
  throw new CliError('No password given. Enter it at the prompt, or set SIGNALBOX_PASSWORD.');
}

/**
 * Returns a code of two-factor sign-in. Standard input cannot contain it, because it contains the password.
 * @throws {CliError} if none is given
 */
export async function readCode(): Promise<string> {
  const given = process.env['SIGNALBOX_CODE'];
  if (given) return given;
  const typed = process.stdin.isTTY ? await prompt('Code from your authenticator app:') : '';
  if (typed !== '') return typed;
  throw new CliError('This user needs a code to sign in. Set SIGNALBOX_CODE, or use a terminal.');
}

/**
 * Returns a new password.
 * @throws {CliError} if none is given, it is too short, or it was mistyped
 */
export async function chooseNewPassword(): Promise<string> {
  const given = process.env['SIGNALBOX_NEW_PASSWORD'];
  if (!given && !process.stdin.isTTY) {
    throw new CliError('No new password given. Set SIGNALBOX_NEW_PASSWORD, or use a terminal.');
  }
  const chosen = given ?? (await prompt('New password:'));
  if (chosen.length < PASSWORD_MIN_LENGTH) {
    throw new CliError(`The new password must be at least ${PASSWORD_MIN_LENGTH} characters long.`);
  }
  if (!given && (await prompt('Confirm new password:')) !== chosen) {
    throw new CliError('The passwords do not match.');
  }
  return chosen;
}

const prompt = (message: string) => promptPassword({ message }).catch(cancelled);

/** Ctrl-C at the prompt is not a crash. */
function cancelled(error: unknown): never {
  const isCancelled = error instanceof Error && error.name === 'ExitPromptError';
  throw isCancelled ? new CliError('Cancelled.', ExitCode.interrupted) : error;
}
