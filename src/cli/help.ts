// The format of `--help` and of usage errors, the same for all commands.
import type { Command, Option } from 'commander';
import { writeError, writeOut } from './output.ts';

/** Applies the format to a program and its commands. Call it after all commands are added. */
export function formatHelp(program: Command): Command {
  program
    .helpOption('-h, --help', 'Show help')
    .helpCommand('help [command]', 'Show help for a command')
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({
      writeOut,
      writeErr: writeError,
      outputError: (text) => writeError(formatUsageError(text)),
    })
    // Throws instead of exiting, so that the output is written first.
    .exitOverride();
  copySettings(program);
  return program;
}

function copySettings(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    copySettings(command);
  }
}

/** Commander writes `error: unknown command 'x'`; our own errors are sentences. */
function formatUsageError(text: string): string {
  const message = text.replace(/^error: /, '').trim();
  const end = /[.)]$/.test(message) ? '' : '.';
  return `Error: ${message.charAt(0).toUpperCase()}${message.slice(1)}${end}\n`;
}

/** For example `Port to listen on (default: 7420; env: SIGNALBOX_PORT)`. */
function describeOption(option: Option): string {
  const { description, mandatory, argChoices, defaultValue, defaultValueDescription, envVar } =
    option;
  const shown = defaultValueDescription ?? (defaultValue as string | number | boolean | undefined);
  const notes = [
    ...(mandatory ? ['required'] : []),
    ...(argChoices ? [`one of: ${argChoices.join(', ')}`] : []),
    ...(shown === undefined || shown === false ? [] : [`default: ${shown}`]),
    ...(envVar === undefined ? [] : [`env: ${envVar}`]),
  ];
  return notes.length === 0 ? description : `${description} (${notes.join('; ')})`;
}
