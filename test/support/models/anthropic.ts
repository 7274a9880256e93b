// Anthropic's Messages API, as far as coding agents use it.
import { list, type ModelAnswer, type ModelApi, record, sse, texts } from './answer.ts';

export const anthropic: ModelApi = {
  read(body) {
    const messages = list(record(body)['messages']).map(record);
    const said: string[] = [];
    const answered: string[] = [];
    let asked = '';
    let results: string[] = [];
    for (const { role, content } of messages) {
      if (role === 'assistant') {
        answered.push(texts(content).join(''));
        asked = '';
        continue;
      }
      const given = list(content).map(record);
      const fromTools = given.filter((part) => part['type'] === 'tool_result');
      const text = texts(content).join('\n');
      if (fromTools.length > 0) results.push(...fromTools.map((part) => JSON.stringify(part)));
      else results = [];
      asked += text;
      if (text !== '' && fromTools.length === 0) said.push(text);
    }
    const tools = list(record(body)['tools']).map((tool) => String(record(tool)['name']));
    return { said, asked, answered, results, tools, body };
  },

  *events(answer) {
    const usage = { input_tokens: 10, output_tokens: 1 };
    const message = { ...envelope(), content: [], stop_reason: null, stop_sequence: null, usage };
    yield sse({ type: 'message_start', message }, 'message_start');
    let index = 0;
    if (answer.words) {
      yield* block(index, { type: 'text', text: '' });
      for (const text of answer.words) yield delta(index, { type: 'text_delta', text });
      if (answer.hang) return;
      yield sse({ type: 'content_block_stop', index }, 'content_block_stop');
      index += 1;
    }
    if (answer.tool) {
      const { name, input } = answer.tool;
      yield* block(index, { type: 'tool_use', id: `toolu_${Bun.randomUUIDv7()}`, name, input: {} });
      yield delta(index, { type: 'input_json_delta', partial_json: JSON.stringify(input) });
      yield sse({ type: 'content_block_stop', index }, 'content_block_stop');
    }
    const stop = { stop_reason: answer.tool ? 'tool_use' : 'end_turn', stop_sequence: null };
    yield sse({ type: 'message_delta', delta: stop, usage: { output_tokens: 5 } }, 'message_delta');
    yield sse({ type: 'message_stop' }, 'message_stop');
  },

  whole: ({ words = [] }: ModelAnswer) => ({
    ...envelope(),
    content: [{ type: 'text', text: words.join('') }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 5 },
  }),

  error: (status) => ({
    type: 'error',
    error: {
      type: { 429: 'rate_limit_error', 529: 'overloaded_error' }[status] ?? 'api_error',
      message: `The model says ${status}`,
    },
  }),
};

function envelope() {
  return { id: `msg_${Bun.randomUUIDv7()}`, type: 'message', role: 'assistant', model: 'stub' };
}

function* block(index: number, content_block: unknown) {
  yield sse({ type: 'content_block_start', index, content_block }, 'content_block_start');
}

function delta(index: number, change: unknown): string {
  return sse({ type: 'content_block_delta', index, delta: change }, 'content_block_delta');
}
