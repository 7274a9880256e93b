// The part of Anthropic's Messages API that coding agents use.
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

export const anthropic: ModelApi = {
  parseRequest(body) {
    const conversation = createConversation();
    for (const { role, content } of asList(asRecord(body)['messages']).map(asRecord)) {
      if (role === 'assistant') {
        conversation.addModelMessage(extractTexts(content).join(''));
        continue;
      }
      const text = extractTexts(content).join('\n');
      const results = asList(content)
        .map(asRecord)
        .filter((part) => part['type'] === 'tool_result');
      if (results.length > 0) conversation.addToolResults(results, text);
      else conversation.addUserMessage(text);
    }
    const tools = asList(asRecord(body)['tools']).map((tool) => String(asRecord(tool)['name']));
    return conversation.toRequest(tools, body);
  },

  *createEvents({ text: parts, toolCall, hang }) {
    const usage = { input_tokens: 10, output_tokens: 1 };
    const message = {
      ...createEnvelope(),
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage,
    };
    yield formatEvent({ type: 'message_start', message }, 'message_start');
    let index = 0;
    if (parts) {
      yield* startBlock(index, { type: 'text', text: '' });
      for (const text of parts) yield formatDelta(index, { type: 'text_delta', text });
      if (hang) return;
      yield formatEvent({ type: 'content_block_stop', index }, 'content_block_stop');
      index += 1;
    }
    if (toolCall) {
      const { name, input } = toolCall;
      yield* startBlock(index, {
        type: 'tool_use',
        id: `toolu_${Bun.randomUUIDv7()}`,
        name,
        input: {},
      });
      yield formatDelta(index, { type: 'input_json_delta', partial_json: JSON.stringify(input) });
      yield formatEvent({ type: 'content_block_stop', index }, 'content_block_stop');
    }
    const stop = { stop_reason: toolCall ? 'tool_use' : 'end_turn', stop_sequence: null };
    yield formatEvent(
      { type: 'message_delta', delta: stop, usage: { output_tokens: 5 } },
      'message_delta',
    );
    yield formatEvent({ type: 'message_stop' }, 'message_stop');
  },

  createBody: ({ text = [] }: ModelResponse) => ({
    ...createEnvelope(),
    content: [{ type: 'text', text: text.join('') }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 5 },
  }),

  createErrorBody: (status) => ({
    type: 'error',
    error: {
      type: { 429: 'rate_limit_error', 529: 'overloaded_error' }[status] ?? 'api_error',
      message: formatError(status),
    },
  }),
};

function createEnvelope() {
  return { id: `msg_${Bun.randomUUIDv7()}`, type: 'message', role: 'assistant', model: 'stub' };
}

function* startBlock(index: number, content_block: unknown) {
  yield formatEvent({ type: 'content_block_start', index, content_block }, 'content_block_start');
}

function formatDelta(index: number, change: unknown): string {
  return formatEvent({ type: 'content_block_delta', index, delta: change }, 'content_block_delta');
}
