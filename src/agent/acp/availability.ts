// Whether an AI program accepts prompts, and if not, why. Changes are logged and reported to the agent.

export function createAvailability(title: string, log: (line: string) => void) {
  let isReady = false;
  let problem: string | null = null;
  let slashCommands: readonly string[] = [];
  let onChange: (() => void) | null = null;

  return {
    capabilities: (): string[] => (isReady ? ['prompt', ...slashCommands] : []),
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

    setSlashCommands(commands: readonly string[]): void {
      if (commands.join(' ') === slashCommands.join(' ')) return;
      slashCommands = commands;
      if (isReady) onChange?.();
    },
  };
}
