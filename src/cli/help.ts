// The format of `--help` and of usage errors, the same for all commands.
import type { Command, Option } from 'commander';

/** Applies the format to a program and its commands. Call it after all commands are added. */
export function formatHelp(program: Command): Command {
  program
    .helpOption('-h, --help', 'Show help')
    .helpCommand('help [command]', 'Show help for a command')
    .configureHelp({ optionDescription: describeOption })
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error:/, 'Error:')),
    });
  for (const command of program.commands) command.copyInheritedSettings(program);
  return program;
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
