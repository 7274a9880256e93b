// The numbers of the contract: data-model.md "Constraints", protocol.md "Rules". Sizes are bytes, times milliseconds.

/** The largest WebSocket message either side may send. */
export const MAX_MESSAGE_BYTES = 1_048_576;
/** The largest piece of terminal output in one message. */
export const CHUNK_BYTES = 10_240;
/** The most output a TerminalBuffer, or an agent's outbox, holds for one command. */
export const BUFFER_BYTES = 1_048_576;
/** The longest command. */
export const COMMAND_BYTES = 65_536;
/** The most commands that wait for one agent. */
export const QUEUE_LENGTH = 100;

/** Live dashboards, unless the hub is told otherwise. */
export const MAX_DASHBOARDS = 50;
/** Live agents, unless the hub is told otherwise. */
export const MAX_AGENTS = 10;
/** Sockets that have not yet sent their first message. */
export const MAX_UNAUTHENTICATED_SOCKETS = 100;

/** How long output may wait to be gathered into a chunk. */
export const OUTPUT_BATCH_MS = 10;
/** How long a socket may take to send its first message. */
export const FIRST_MESSAGE_TIMEOUT_MS = 5_000;
/** How often the hub pings an agent, and an agent sends `agent:heartbeat`. */
export const AGENT_PING_MS = 10_000;
/** An agent silent for so long is offline; a hub silent for so long is gone. */
export const AGENT_SILENCE_MS = 30_000;
/** How often the hub pings a dashboard. */
export const DASHBOARD_PING_MS = 30_000;
/** A dashboard silent for so long is dropped. */
export const DASHBOARD_SILENCE_MS = 60_000;
/** How often the hub sends `hub:heartbeat`: browsers see no pings. */
export const HUB_HEARTBEAT_MS = 10_000;
/** A hub silent for so long makes a dashboard reconnect. */
export const HUB_SILENCE_MS = 25_000;
/** How long a dropped dashboard stays RECONNECTING. */
export const RECONNECT_WINDOW_MS = 60_000;
/** How long an agent's old socket has to answer a ping before another instance takes over. */
export const TAKEOVER_PING_MS = 2_000;

/** How long a command may run, unless its request says otherwise (data-model.md, "Command Errors"). */
export const COMMAND_TIMEOUT_MS = 300_000;
/** The most a request may ask for. */
export const MAX_COMMAND_TIMEOUT_MS = 86_400_000;
/** A running command silent for so long is suspected stuck, unless the hub is told otherwise. */
export const STUCK_AFTER_MS = 300_000;
/** How long a running command waits for an agent that is away. */
export const AGENT_GRACE_MS = 300_000;
/** Between one signal and the next, harder one. */
export const ESCALATION_MS = 5_000;
/** How long what a shell left behind may keep the output open. */
export const SHELL_LINGER_MS = 500;
/** How long a `requestId` answers with the same command. */
export const REQUEST_ID_TTL_MS = 86_400_000;
/** The default number of items in a page of a list. */
export const PAGE_LENGTH = 50;
/** How long connection logs are kept. */
export const CONNECTION_LOG_RETENTION_MS = 30 * 86_400_000;

/** Messages a dashboard may send each second, and at once. */
export const MESSAGE_RATE = { perSecond: 20, burst: 40 } as const;
/** Bytes of keystrokes and resizes a dashboard may send each second. */
export const INPUT_RATE = { perSecond: 65_536, burst: 65_536 } as const;
/** A socket with more than this buffered is slow. */
export const SLOW_BYTES = 131_072;
/** A slow socket that does not drain for so long is closed. */
export const SLOW_MS = 30_000;
/** Terminal output held in memory for all commands together. */
export const BUFFER_MEMORY_BYTES = 256 * 1_048_576;
