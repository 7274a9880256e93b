// The part of Google's Gemini API that Gemini CLI uses.
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

export const gemini: ModelApi = {
  parseRequest(body) {
    const conversation = createConversation();
    for (const { role, parts } of asList(asRecord(body)['contents']).map(asRecord)) {
      const text = extractTexts(parts).join('\n');
      if (role === 'model') {
        conversation.addModelMessage(text);
        continue;
      }
      const results = asList(parts)
        .map((part) => asRecord(part)['functionResponse'])
        .filter((result) => result !== undefined);
      if (results.length > 0) conversation.addToolResults(results, text);
      else conversation.addUserMessage(text);
    }
    const declarations = asList(asRecord(body)['tools']).flatMap((tool) =>
      asList(asRecord(tool)['functionDeclarations']),
    );
    const tools = declarations.map((declaration) => String(asRecord(declaration)['name']));
    return conversation.toRequest(tools, body);
  },

  *createEvents({ text: parts = [], toolCall, hang }) {
    for (const text of parts) yield formatEvent(createCandidate([{ text }]));
    if (hang) return;
    if (toolCall) {
      const { name, input } = toolCall;
      yield formatEvent(createCandidate([{ functionCall: { name, args: input } }]));
    }
    yield formatEvent(createCandidate([{ text: '' }], 'STOP'));
  },

  createBody: ({ text = [] }: ModelResponse) => createCandidate([{ text: text.join('') }], 'STOP'),

  createErrorBody: (status) => ({
    error: { code: status, message: formatError(status), status: 'UNAVAILABLE' },
  }),
};

function createCandidate(parts: unknown[], finishReason?: string) {
  return {
    candidates: [
      { index: 0, content: { role: 'model', parts }, ...(finishReason && { finishReason }) },
    ],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
    modelVersion: 'stub',
  };
}
