// What a test's model says, whichever API it is asked by.

/** What was asked: the conversation as its texts. */
export interface ModelRequest {
  /** What people wrote, oldest first, the last message last. */
  readonly said: readonly string[];
  /** All that was said since the last answer, with what the program added. */
  readonly asked: string;
  /** What the model has answered before. */
  readonly answered: readonly string[];
  /** What tools gave back since the last thing a person said. */
  readonly results: readonly string[];
  /** What tools it may use. */
  readonly tools: readonly string[];
  readonly body: unknown;
}

/** What to answer: an error, or words one by one and tools to use. */
export interface ModelAnswer {
  readonly words?: readonly string[];
  readonly tool?: ModelTool;
  /** Say the words, and then nothing more until whoever asked goes away. */
  readonly hang?: boolean;
  /** Say the last word only once this is fulfilled. */
  readonly gate?: Promise<void>;
  /** Answer with this HTTP status instead. */
  readonly error?: number;
}

export interface ModelTool {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** One API: how it asks, how it is answered, and how it fails. */
export interface ModelApi {
  read(body: unknown): ModelRequest;
  /** The events of an answer, up to its end; `hang` ends before it. */
  events(answer: ModelAnswer): Iterable<string>;
  /** The answer in one piece, where no stream was asked for. */
  whole(answer: ModelAnswer): unknown;
  error(status: number): unknown;
}

/** An event of a stream. */
export function sse(data: unknown, event?: string): string {
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${JSON.stringify(data)}\n\n`;
}

type Json = Record<string, unknown>;

/** Anything as an object. */
export function record(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

/** Anything as a list. */
export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** All texts in a message's content. */
export function texts(content: unknown): string[] {
  if (typeof content === 'string') return [content];
  return list(content).flatMap((part) => {
    const { text } = record(part);
    return typeof text === 'string' ? [text] : [];
  });
}
