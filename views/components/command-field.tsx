// Form controls for a command, shared by the agent page and the compare page.
import { formatDuration } from '../../src/protocol/duration.ts';

const MINUTE_MS = 60_000;
const TIMEOUTS_MS = [5 * MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS, 240 * MINUTE_MS];

interface CommandFieldProps {
  label: string;
  placeholder: string;
  describedBy: string;
  /** Ctrl+Enter and ⌘+Enter submit the form; with `setting`, Enter does too, unless the user has turned that off. */
  keys: 'modifier' | 'setting';
}

/** The text box. */
export function CommandField(props: CommandFieldProps) {
  return (
    <>
      <label class="visually-hidden" for="command">
        {props.label}
      </label>
      <textarea
        id="command"
        name="command"
        rows={props.keys === 'setting' ? 1 : 3}
        placeholder={props.placeholder}
        autocomplete="off"
        spellcheck={false}
        autocapitalize="none"
        aria-describedby={props.describedBy}
        data-send-on-enter={props.keys}
        {...(props.keys === 'setting' && { 'aria-keyshortcuts': '/' })}
        required
      />
    </>
  );
}

export function TimeoutSelect() {
  return (
    <label class="select">
      <span>Timeout</span>
      <select name="timeoutMs">
        {TIMEOUTS_MS.map((ms) => (
          <option key={ms} value={ms}>
            {formatDuration(ms)}
          </option>
        ))}
      </select>
    </label>
  );
}

export function SubmitShortcut() {
  return <span class="composer-keys">Press Ctrl+Enter or ⌘+Enter to submit.</span>;
}
