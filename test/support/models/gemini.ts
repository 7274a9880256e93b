// Google's Gemini API, as far as its CLI uses it.
import { list, type ModelAnswer, type ModelApi, record, sse, texts } from './answer.ts';

export const gemini: ModelApi = {
  read(body) {
    const contents = list(record(body)['contents']).map(record);
    const said: string[] = [];
    const answered: string[] = [];
    let asked = '';
    let results: string[] = [];
    for (const { role, parts } of contents) {
      const text = texts(parts).join('\n');
      if (role === 'model') {
        answered.push(text);
        asked = '';
        continue;
      }
      const given = list(parts).map((part) => record(part)['functionResponse']);
      const fromTools = given.filter((response) => response !== undefined);
      if (fromTools.length > 0) results.push(...fromTools.map((one) => JSON.stringify(one)));
      else results = [];
      asked += text;
      if (text !== '' && fromTools.length === 0) said.push(text);
    }
    const declared = list(record(body)['tools']).flatMap((tool) =>
      list(record(tool)['functionDeclarations']),
    );
    const tools = declared.map((one) => String(record(one)['name']));
    return { said, asked, answered, results, tools, body };
  },

  *events(answer) {
    for (const text of answer.words ?? []) yield sse(candidate([{ text }]));
    if (answer.hang) return;
    if (answer.tool) {
      const { name, input } = answer.tool;
      yield sse(candidate([{ functionCall: { name, args: input } }]));
    }
    yield sse(candidate([{ text: '' }], 'STOP'));
  },

  whole: ({ words = [] }: ModelAnswer) => candidate([{ text: words.join('') }], 'STOP'),

  error: (status) => ({
    error: { code: status, message: `The model says ${status}`, status: 'UNAVAILABLE' },
  }),
};

function candidate(parts: unknown[], finishReason?: string) {
  return {
    candidates: [
      { index: 0, content: { role: 'model', parts }, ...(finishReason && { finishReason }) },
    ],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
    modelVersion: 'stub',
  };
}
