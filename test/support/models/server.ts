// A scripted model server on loopback that speaks the APIs of Anthropic, Google and OpenAI.
import { createCondition } from '../condition.ts';
import { anthropic } from './anthropic.ts';
import { gemini } from './gemini.ts';
import { asRecord, type ModelApi, type ModelRequest, type ModelResponse } from './model-api.ts';
import { openai } from './openai.ts';

export type Respond = (request: ModelRequest) => ModelResponse;

export interface ModelServer {
  readonly url: string;
  /** All requests so far, oldest first. */
  readonly requests: ModelRequest[];
  /** Requests for paths outside these APIs, as `METHOD /path`. */
  readonly unknownRequests: string[];
  /** Sets how requests are answered from now on. */
  respondWith(respond: Respond): void;
  /** Resolves once a client has disconnected before the end of a streamed response. */
  waitForDisconnect(): Promise<void>;
  stop(): Promise<void>;
}

export function createModelServer(): ModelServer {
  const requests: ModelRequest[] = [];
  const unknownRequests: string[] = [];
  const disconnected = createCondition();
  let hasDisconnect = false;
  let respond: Respond = () => ({ text: ['ok'] });

  function onDisconnect(): void {
    hasDisconnect = true;
    disconnected.notify();
  }

  function streamResponse(api: ModelApi, response: ModelResponse): Response {
    const encoder = new TextEncoder();
    const lastPart = JSON.stringify(response.text?.at(-1) ?? null);
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (const event of api.createEvents(response)) {
          if (event.includes(lastPart)) await response.gate;
          if (isCancelled) return;
          controller.enqueue(encoder.encode(event));
        }
        if (!response.hang) controller.close();
      },
      cancel() {
        isCancelled = true;
        onDisconnect();
      },
    });
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
  }

  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    async fetch(httpRequest) {
      const { pathname } = new URL(httpRequest.url);
      if (/count_?tokens$/i.test(pathname)) {
        return Response.json({ input_tokens: 10, totalTokens: 10 });
      }
      const api = findApi(pathname);
      if (!api || httpRequest.method !== 'POST') {
        unknownRequests.push(`${httpRequest.method} ${pathname}`);
        return Response.json({}, { status: 404 });
      }
      const request = api.parseRequest(await httpRequest.json());
      requests.push(request);
      const response = respond(request);
      const { errorStatus: status } = response;
      if (status !== undefined) return Response.json(api.createErrorBody(status), { status });
      const isStreamed = asRecord(request.body)['stream'] === true || /:stream/.test(pathname);
      return isStreamed ? streamResponse(api, response) : Response.json(api.createBody(response));
    },
  });

  return {
    url: `http://127.0.0.1:${server.port}`,
    requests,
    unknownRequests,
    respondWith(next) {
      respond = next;
    },
    async waitForDisconnect() {
      await disconnected.waitUntil(() => hasDisconnect);
    },
    stop: () => server.stop(true),
  };
}

function findApi(path: string): ModelApi | null {
  if (path.endsWith('/messages')) return anthropic;
  if (path.endsWith('/responses')) return openai;
  return /:(stream)?GenerateContent$/i.test(path) ? gemini : null;
}
