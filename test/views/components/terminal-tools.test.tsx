// The tools of a terminal.
import { expect, test } from 'bun:test';
import { TerminalScreen } from '../../../views/components/terminal.tsx';
import { render } from '../render.ts';

test('every tool has a name, and nothing is shown before the terminal is open', () => {
  const { findAll } = render(<TerminalScreen />);
  const buttons = findAll('button.icon-button');
  expect(buttons.length).toBeGreaterThan(5);
  for (const button of buttons) expect(button.get('aria-label')).toBeTruthy();
  for (const part of ['toolbar', 'search', 'note', 'keys', 'follow', 'gutter']) {
    expect(findAll(`[data-${part}]`)[0]?.has('hidden')).toBe(true);
  }
});

test('terminals on one page have menus of their own', () => {
  const { findAll } = render(
    <>
      <TerminalScreen terminalId="c1" />
      <TerminalScreen terminalId="c2" />
    </>,
  );
  const menus = findAll('.terminal-menu').map((menu) => menu.get('id'));
  expect(menus).toEqual(['terminal-c1-menu', 'terminal-c2-menu']);
  const opened = findAll('[popovertarget]').map((button) => button.get('popovertarget'));
  expect(opened).toEqual(menus);
});
