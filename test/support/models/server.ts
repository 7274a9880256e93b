// A model on loopback, for programs that want one: it speaks three APIs, and says what the test tells it to.
import { anthropic } from './anthropic.ts';
import { type ModelAnswer, type ModelApi, type ModelRequest, record } from './answer.ts';
import { gemini } from './gemini.ts';
import { openai } from './openai.ts';

export type Respond = (request: ModelRequest) => ModelAnswer;

export interface ModelServer {
  readonly url: string;
  /** All that was asked, oldest first. */
  readonly requests: ModelRequest[];
  /** Paths that were asked for and are not of these APIs. */
  readonly unknown: string[];
  /** What it answers from now on. */
  respond(respond: Respond): void;
  /** Resolves when somebody has gone away from an answer that hangs. */
  abandoned(): Promise<void>;
  stop(): Promise<void>;
}

export function createModelServer(): ModelServer {
  const requests: ModelRequest[] = [];
  const unknown: string[] = [];
  const waiting: (() => void)[] = [];
  let left = 0;
  let respond: Respond = () => ({ words: ['ok'] });

  function leave(): void {
    left += 1;
    for (const resolve of waiting.splice(0)) resolve();
  }

  function stream(api: ModelApi, answer: ModelAnswer): Response {
    const encoder = new TextEncoder();
    const lastWord = JSON.stringify(answer.words?.at(-1) ?? null);
    let isGone = false;
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (const event of api.events(answer)) {
          if (event.includes(lastWord)) await answer.gate;
          if (isGone) return;
          controller.enqueue(encoder.encode(event));
        }
        if (!answer.hang) controller.close();
      },
      cancel() {
        isGone = true;
        leave();
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  }

  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const api = apiOf(pathname);
      if (/count_?tokens$/i.test(pathname)) {
        return Response.json({ input_tokens: 10, totalTokens: 10 });
      }
      if (!api || request.method !== 'POST') {
        unknown.push(`${request.method} ${pathname}`);
        return Response.json({}, { status: 404 });
      }
      const asked = api.read(await request.json());
      requests.push(asked);
      const answer = respond(asked);
      if (answer.error !== undefined) {
        return Response.json(api.error(answer.error), { status: answer.error });
      }
      const isStream = record(asked.body)['stream'] === true || /:stream/.test(pathname);
      return isStream ? stream(api, answer) : Response.json(api.whole(answer));
    },
  });

  return {
    url: `http://127.0.0.1:${server.port}`,
    requests,
    unknown,
    respond(next) {
      respond = next;
    },
    async abandoned() {
      if (left > 0) return;
      await new Promise<void>((resolve) => void waiting.push(resolve));
    },
    stop: () => server.stop(true),
  };
}

function apiOf(path: string): ModelApi | null {
  if (path.endsWith('/messages')) return anthropic;
  if (path.endsWith('/responses')) return openai;
  return /:(stream)?GenerateContent$/i.test(path) ? gemini : null;
}
