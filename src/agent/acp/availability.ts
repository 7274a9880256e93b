// Whether an AI program accepts prompts, and if not, why. Changes are logged and reported to the agent.

/** A slash command of the program. The name begins with the slash. */
export interface SlashCommand {
  readonly name: string;
  readonly description: string;
}

export function createAvailability(title: string, log: (line: string) => void) {
  let isReady = false;
  let problem: string | null = null;
  let slashCommands: readonly SlashCommand[] = [];
  let onChange: (() => void) | null = null;

  return {
    capabilities: (): string[] =>
      isReady ? ['prompt', ...slashCommands.map(({ name }) => name)] : [],
    /** What the slash commands do, by name. */
    descriptions: (): Record<string, string> =>
      Object.fromEntries(slashCommands.map(({ name, description }) => [name, description])),
    problem: () => problem,

    subscribe(listener: () => void): void {
      onChange = listener;
    },

    /** @param newProblem why the program does not accept prompts; null if it does */
    setProblem(newProblem: string | null): void {
      const isNowReady = newProblem === null;
      if (newProblem === problem && isNowReady === isReady) return;
      problem = newProblem;
      isReady = isNowReady;
      log(newProblem ?? `${title} is ready for prompts`);
      onChange?.();
    },

    setSlashCommands(commands: readonly SlashCommand[]): void {
      if (JSON.stringify(commands) === JSON.stringify(slashCommands)) return;
      slashCommands = commands;
      if (isReady) onChange?.();
    },
  };
}
