// A scripted model, independent of the API through which a program calls it.

/** A request, as the texts of its conversation. */
export interface ModelRequest {
  /** The messages of the user, oldest first. */
  readonly userMessages: readonly string[];
  /** All text since the last response of the model, including what the program added. */
  readonly latestInput: string;
  /** The earlier responses of the model. */
  readonly modelMessages: readonly string[];
  /** The results of tool calls since the last message of the user, as JSON. */
  readonly toolResults: readonly string[];
  /** The names of the tools that the model may call. */
  readonly tools: readonly string[];
  readonly body: unknown;
}

/** A response: an error, or text followed by a tool call. */
export interface ModelResponse {
  /** The text, one part for each event of the stream. */
  readonly text?: readonly string[];
  readonly toolCall?: ToolCall;
  /** Sends the text and then nothing more until the client disconnects. */
  readonly hang?: boolean;
  /** Delays the last part of the text until this is fulfilled. */
  readonly gate?: Promise<void>;
  /** Responds with this HTTP status instead. */
  readonly errorStatus?: number;
}

export interface ToolCall {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** Translates between one API and the types above. */
export interface ModelApi {
  parseRequest(body: unknown): ModelRequest;
  /** Creates the events of a streamed response; with `hang`, without its end. */
  createEvents(response: ModelResponse): Iterable<string>;
  /** Creates the body of a response that is not streamed. */
  createBody(response: ModelResponse): unknown;
  createErrorBody(status: number): unknown;
}

/** Returns the message of an error response, which programs are expected to pass on. */
export const formatError = (status: number) => `Model error ${status}`;

/** Collects the messages of a conversation, oldest first. */
export function createConversation() {
  const userMessages: string[] = [];
  const modelMessages: string[] = [];
  let latestInput = '';
  let toolResults: string[] = [];

  return {
    addModelMessage(text: string) {
      modelMessages.push(text);
      latestInput = '';
    },
    addUserMessage(text: string) {
      latestInput += text;
      toolResults = [];
      if (text !== '') userMessages.push(text);
    },
    /** Adds tool results, with the text that the program sends along. */
    addToolResults(results: readonly unknown[], text = '') {
      latestInput += text;
      toolResults.push(...results.map((result) => JSON.stringify(result)));
    },
    toRequest: (tools: readonly string[], body: unknown): ModelRequest => ({
      userMessages,
      latestInput,
      modelMessages,
      toolResults,
      tools,
      body,
    }),
  };
}

/** Formats a server-sent event. */
export function formatEvent(data: unknown, event?: string): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
}

/** Returns the value if it is an object, or an empty object. */
export function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Returns the value if it is an array, or an empty array. */
export function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Returns all texts in the content of a message. */
export function extractTexts(content: unknown): string[] {
  if (typeof content === 'string') return [content];
  return asList(content).flatMap((part) => {
    const { text } = asRecord(part);
    return typeof text === 'string' ? [text] : [];
  });
}
