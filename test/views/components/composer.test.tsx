import { expect, test } from 'bun:test';
import type { CommandExecution } from '../../../src/protocol/entities.ts';
import { CommandAccepted, Composer, ComposerButtons } from '../../../views/components/composer.tsx';
import { render } from '../render.ts';
import { agent, command } from '../../support/samples.ts';

test('renders the list of completions hidden', () => {
  const form = render(
    <Composer agent={agent({ capabilities: ['/x'] })} active={[]} canInterrupt requestId="r" />,
  );
  expect(form.findAll('#completions[role=listbox][hidden]')).toHaveLength(1);
  expect(form.findAll('#composer-session input')).toEqual([]);
});

test('interrupting for a command is offered while another one runs', () => {
  const running = command({ status: 'running', completedAt: null });
  const renderButtons = (active: CommandExecution[], canInterrupt = true) =>
    render(<ComposerButtons {...{ agent: agent({ status: 'busy' }), active, canInterrupt }} />);
  expect(renderButtons([running]).findAll('#composer-interrupt')[0]?.get('value')).toBe('c1');
  expect(renderButtons([running], false).text).not.toContain('Interrupt');
  expect(renderButtons([{ ...running, stopReason: 'user' }]).text).not.toContain('Interrupt');
  expect(renderButtons([]).text).not.toContain('Interrupt');
});

test('an accepted command sets a new request ID, and continues the conversation again', () => {
  const accepted = render(
    <CommandAccepted agent={agent()} commandId="c1" position={0} requestId="next-one" />,
  );
  expect(accepted.text).toContain('Sent');
  expect(accepted.html).toContain('value="next-one"');
  const replaced = accepted.findAll('hx-partial[hx-swap=outerHTML]');
  expect(replaced.map((one) => one.get('hx-target'))).toEqual([
    '#composer-request',
    '#composer-session',
  ]);
  expect(accepted.findAll('textarea')).toEqual([]);
  expect(accepted.findAll('[data-sent=c1]')).toHaveLength(1);
  const textAt = (position: number, status: 'busy' | 'offline') =>
    render(
      <CommandAccepted
        agent={agent({ status })}
        commandId="c1"
        position={position}
        requestId="r"
      />,
    ).text;
  expect(textAt(4, 'busy')).toContain('position 5');
  expect(textAt(0, 'offline')).toContain('Queued until build is online');
});
