// The part of OpenAI's Responses API that Codex uses.
import {
  asList,
  asRecord,
  createConversation,
  extractTexts,
  formatError,
  formatEvent,
  type ModelApi,
  type ModelResponse,
} from './model-api.ts';

export const openai: ModelApi = {
  parseRequest(body) {
    const conversation = createConversation();
    for (const item of asList(asRecord(body)['input']).map(asRecord)) {
      if (String(item['type']).endsWith('_call_output')) conversation.addToolResults([item]);
      const text = extractTexts(item['content']).join('\n');
      if (item['role'] === 'assistant') conversation.addModelMessage(text);
      if (item['role'] === 'user') conversation.addUserMessage(text);
    }
    const tools = asList(asRecord(body)['tools']).map((tool) => String(asRecord(tool)['name']));
    return conversation.toRequest(tools, body);
  },

  *createEvents({ text: parts, toolCall, hang }) {
    const id = `resp_${Bun.randomUUIDv7()}`;
    yield formatNamedEvent({ type: 'response.created', response: { id } });
    let index = 0;
    const output: unknown[] = [];
    if (parts) {
      const item = { type: 'message', role: 'assistant', id: `msg_${id}`, content: [] };
      yield formatNamedEvent({ type: 'response.output_item.added', output_index: index, item });
      for (const delta of parts) {
        const position = { item_id: item.id, output_index: index, content_index: 0 };
        yield formatNamedEvent({ type: 'response.output_text.delta', ...position, delta });
      }
      if (hang) return;
      const text = parts.join('');
      const done = { ...item, content: [{ type: 'output_text', text, annotations: [] }] };
      yield formatNamedEvent({
        type: 'response.output_item.done',
        output_index: index,
        item: done,
      });
      output.push(done);
      index += 1;
    }
    if (toolCall) {
      const { name, input } = toolCall;
      const call_id = `call_${Bun.randomUUIDv7()}`;
      const item = {
        type: 'function_call',
        id: call_id,
        call_id,
        name,
        arguments: JSON.stringify(input),
      };
      yield formatNamedEvent({ type: 'response.output_item.done', output_index: index, item });
      output.push(item);
    }
    const usage = {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 15,
    };
    yield formatNamedEvent({
      type: 'response.completed',
      response: { id, status: 'completed', output, usage },
    });
  },

  createBody: ({ text = [] }: ModelResponse) => ({ id: 'resp_body', output_text: text.join('') }),

  createErrorBody: (status) => ({ error: { type: 'server_error', message: formatError(status) } }),
};

function formatNamedEvent(data: { type: string } & Record<string, unknown>): string {
  return formatEvent(data, data.type);
}
