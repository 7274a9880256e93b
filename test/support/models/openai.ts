// OpenAI's Responses API, as far as Codex uses it.
import { list, type ModelAnswer, type ModelApi, record, sse, texts } from './answer.ts';

export const openai: ModelApi = {
  read(body) {
    const said: string[] = [];
    const answered: string[] = [];
    let asked = '';
    let results: string[] = [];
    for (const item of list(record(body)['input']).map(record)) {
      if (String(item['type']).endsWith('_call_output')) results.push(JSON.stringify(item));
      if (item['type'] !== 'message' && item['role'] === undefined) continue;
      const text = texts(item['content']).join('\n');
      if (item['role'] === 'assistant') {
        answered.push(text);
        asked = '';
      }
      if (item['role'] !== 'user') continue;
      said.push(text);
      asked += text;
      results = [];
    }
    const tools = list(record(body)['tools']).map((tool) => String(record(tool)['name']));
    return { said, asked, answered, results, tools, body };
  },

  *events(answer) {
    const id = `resp_${Bun.randomUUIDv7()}`;
    yield named({ type: 'response.created', response: { id } });
    let index = 0;
    const output: unknown[] = [];
    if (answer.words) {
      const item = { type: 'message', role: 'assistant', id: `msg_${id}`, content: [] };
      yield named({ type: 'response.output_item.added', output_index: index, item });
      for (const delta of answer.words) {
        const where = { item_id: item.id, output_index: index, content_index: 0 };
        yield named({ type: 'response.output_text.delta', ...where, delta });
      }
      if (answer.hang) return;
      const text = answer.words.join('');
      const done = { ...item, content: [{ type: 'output_text', text, annotations: [] }] };
      yield named({ type: 'response.output_item.done', output_index: index, item: done });
      output.push(done);
      index += 1;
    }
    if (answer.tool) {
      const { name, input } = answer.tool;
      const call_id = `call_${Bun.randomUUIDv7()}`;
      const item = {
        type: 'function_call',
        id: call_id,
        call_id,
        name,
        arguments: JSON.stringify(input),
      };
      yield named({ type: 'response.output_item.done', output_index: index, item });
      output.push(item);
    }
    const usage = {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 15,
    };
    yield named({
      type: 'response.completed',
      response: { id, status: 'completed', output, usage },
    });
  },

  whole: ({ words = [] }: ModelAnswer) => ({ id: 'resp_whole', output_text: words.join('') }),

  error: (status) => ({ error: { type: 'server_error', message: `The model says ${status}` } }),
};

function named(data: { type: string } & Record<string, unknown>): string {
  return sse(data, data.type);
}
