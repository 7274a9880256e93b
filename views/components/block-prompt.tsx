// What a block's command was asked to do: a prompt as text, or a shell command.
import type { CommandExecution } from '../../src/protocol/entities.ts';

/** A longer prompt is shortened to three lines, with a button that shows the rest. */
const SHORT_LINES = 3;
const SHORT_LENGTH = 240;

export function BlockPrompt({ command: { id, command } }: { command: CommandExecution }) {
  const isShell = command.startsWith('!');
  const text = isShell ? command.slice(1) : command;
  const isLong = text.length > SHORT_LENGTH || text.split('\n').length > SHORT_LINES;
  return (
    <div class={isShell ? 'block-prompt block-prompt-shell' : 'block-prompt'}>
      <span class="block-sign" aria-hidden="true">
        {isShell ? '!' : '›'}
      </span>
      <h2 id={`prompt-${id}`} class={isLong ? 'prompt prompt-long' : 'prompt'}>
        <span class="visually-hidden">{isShell ? 'Shell command: ' : 'Prompt: '}</span>
        {text}
      </h2>
      {isLong && (
        <button
          class="link-button"
          type="button"
          data-expand={`prompt-${id}`}
          aria-expanded="false"
          aria-controls={`prompt-${id}`}
        >
          more
        </button>
      )}
    </div>
  );
}
