import { expect, test } from 'bun:test';
import { ComposerHint } from '../../../views/components/composer-hint.tsx';
import { render } from '../render.ts';
import { agent } from '../../support/samples.ts';

const renderHint = (capabilities: string[], notice: string | null = null) =>
  render(<ComposerHint agent={agent({ capabilities, notice })} active={[]} />);

test.each([
  [['prompt'], 'Accepts prompts.'],
  [['prompt', 'shell'], 'Accepts prompts and shell commands (start with !).'],
  [['prompt', '/review'], 'Accepts prompts and /review.'],
  [
    ['prompt', 'shell', '/review', '/init'],
    'Accepts prompts, shell commands (start with !), and 2 slash commands (start with /).',
  ],
  [['shell'], 'Shell commands only (!).'],
  [[], 'Accepts no commands.'],
])('describes the capabilities %p', (capabilities, text) => {
  expect(renderHint(capabilities).text).toStartWith(text);
});

test('passes only the slash commands to the island', () => {
  const [hint] = renderHint(['shell', '/review', 'prompt', '/init', 'pty']).findAll(
    '#composer-hint',
  );
  expect(JSON.parse(hint?.get('data-slash') ?? '')).toEqual(['/init', '/review']);
});

test('passes descriptions, and the agent whose files are completed while it is connected', () => {
  const read = (fields: Parameters<typeof agent>[0], name: string) =>
    render(<ComposerHint agent={agent(fields)} active={[]} />)
      .findAll('#composer-hint')[0]
      ?.get(name);
  const commandDescriptions = { '/review': 'Reviews <the> changes.' };
  expect(JSON.parse(read({ commandDescriptions }, 'data-descriptions') ?? '')).toEqual(
    commandDescriptions,
  );
  const capabilities = ['prompt', 'files'];
  expect(read({ capabilities }, 'data-files')).toBe('build');
  expect(read({ capabilities, status: 'offline' }, 'data-files')).toBeUndefined();
  expect(read({}, 'data-files')).toBeUndefined();
});
