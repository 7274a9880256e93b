// The output of a command that has ended, as static text that looks like the terminal it was produced in.
import type { CommandExecution } from '../../src/protocol/entities.ts';

/** The output as the session shows it. */
export type ShownOutput = { state: 'held'; text: string } | { state: 'expired' };

export function BlockOutput({ output }: { command: CommandExecution; output: ShownOutput }) {
  if (output.state === 'expired') return <p class="output-empty">Output no longer available.</p>;
  if (output.text === '') return <p class="output-empty">No output.</p>;
  return <pre class="output">{output.text}</pre>;
}
