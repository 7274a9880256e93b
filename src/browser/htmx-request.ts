// What the events of htmx say about the request that they belong to.

/** The part of htmx's context of a request that pages use. It is the same object in all events of a request. */
export interface RequestContext {
  sourceElement: Element;
  request: { method: string; action: string };
  /** Missing until the hub has responded. */
  response?: { status: number };
}

/** Returns the context of the request that an event of htmx belongs to. */
export function requestOf(event: Event): RequestContext {
  return (event as CustomEvent<{ ctx: RequestContext }>).detail.ctx;
}
