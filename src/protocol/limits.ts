// The limits of the protocol (docs/data-model.md, "Constraints"; docs/protocol.md, "Limits"). Sizes are in bytes, times in
// milliseconds, lengths of texts in UTF-16 code units.

/** The maximum size of a WebSocket message. */
export const MAX_MESSAGE_BYTES = 1_048_576;
/**
 * The maximum number of values in a message or JSON body that the hub receives. The largest messages, such as an
 * `agent:connect` with 1,000 commands, have about 10,000.
 */
export const MAX_MESSAGE_VALUES = 20_000;
/** The maximum body of a request that requires no session, such as the sign-in form. */
export const MAX_ANONYMOUS_BODY_BYTES = 32_768;
/**
 * How many seconds a slow body of a request that requires no session may take. It is at most 32 KiB, so that only clients
 * slower than 3 KB per second need longer.
 */
export const ANONYMOUS_BODY_TIMEOUT_S = 10;
/** How many seconds any other slow request may take: its body, and the time until its response begins. */
export const REQUEST_TIMEOUT_S = 30;
/** How many seconds a connection may take to send the head of a request, or stay idle between requests. */
export const REQUEST_HEAD_TIMEOUT_S = 10;
/**
 * The maximum number of requests with an unfinished body per user, agent token or address. The body of a form arrives
 * with its head, so that hundreds of people behind one address rarely have more than a few at once.
 */
export const MAX_UNFINISHED_BODIES = 100;
/** The maximum size of a chunk of terminal output. */
export const CHUNK_BYTES = 10_240;
/** The maximum output that a TerminalBuffer or an agent's outbox holds for one command. */
export const BUFFER_BYTES = 1_048_576;
/**
 * The maximum number of chunks that a TerminalBuffer holds. Only output in very small pieces reaches it before
 * BUFFER_BYTES.
 */
export const BUFFER_CHUNKS = 131_072;
/** The maximum size of a command. */
export const COMMAND_BYTES = 65_536;
/** The maximum number of changed files that are listed for a command, and the maximum length of a path. */
export const MAX_CHANGED_FILES = 1_000;
export const PATH_LENGTH = 4_096;
/** The maximum size of the diff of one file. */
export const PATCH_BYTES = 131_072;
/** The maximum size of all changed files of a command as JSON, so that they fit into one message. */
export const CHANGES_BYTES = 786_432;
/** How long an agent has to revert a file. */
export const REVERT_TIMEOUT_MS = 10_000;
/** The maximum number of queued commands per agent. */
export const QUEUE_LENGTH = 100;

/** How long a cancelled command stays in the queue, so that the cancellation can be undone. */
export const UNDO_MS = 10_000;
/** The maximum length of the note about a pause. */
export const PAUSE_NOTE_LENGTH = 500;
/** The maximum number of texts in a user's history of prompts, and the maximum size of all of them. */
export const PROMPT_HISTORY_LENGTH = 200;
export const PROMPT_HISTORY_BYTES = 524_288;
/** The maximum number of a user's saved prompts, and the maximum length of the name of one. */
export const MAX_SAVED_PROMPTS = 200;
export const PROMPT_NAME_LENGTH = 64;

/** The maximum number of files that an agent lists for a search, and the maximum lengths of the search and of a path. */
export const MAX_LISTED_FILES = 50;
export const FILE_QUERY_LENGTH = 256;
export const FILE_PATH_LENGTH = 1_024;
/** How long an agent has to list files. */
export const FILE_LIST_TIMEOUT_MS = 5_000;
/** The maximum number of lists that an agent is asked for at once. */
export const MAX_FILE_REQUESTS = 16;

/** The maximum length of an identifier. */
export const ID_LENGTH = 128;
/** The maximum number of an agent's capabilities, and the maximum length of each. */
export const MAX_CAPABILITIES = 1_000;
export const CAPABILITY_LENGTH = 128;
/** The maximum length of the description of a slash command. */
export const DESCRIPTION_LENGTH = 200;
/** The maximum number of an agent's labels, and of the agents and labels that a user is granted. */
export const MAX_LABELS = 16;
export const MAX_GRANTS = 256;
/** The maximum length of the name of an agent's runner. */
export const RUNNER_NAME_LENGTH = 128;
/** The maximum length of the notice about an agent's capabilities. */
export const NOTICE_LENGTH = 2_048;
/** The maximum length of the title of an approval request. */
export const APPROVAL_TITLE_LENGTH = 1_024;
/** The maximum number of pending approval requests per agent. */
export const MAX_PENDING_APPROVALS = 100;
/** How much of the detail of an approval request dashboards and lists receive. The rest is fetched on demand. */
export const APPROVAL_EXCERPT_BYTES = 65_536;
/** The maximum size of all details in one list of approval requests. The details beyond it are left out. */
export const APPROVAL_LIST_BYTES = 1_048_576;
/** The maximum number of options of an approval request, and the maximum lengths of their names and kinds. */
export const MAX_APPROVAL_OPTIONS = 16;
export const OPTION_NAME_LENGTH = 256;
export const OPTION_KIND_LENGTH = 64;

/**
 * The maximum size of one part of a turn, and of all its parts, as JSON, and their maximum number. A larger turn is shown as
 * terminal text.
 */
export const TURN_PART_BYTES = 65_536;
export const TURN_BYTES = 1_048_576;
export const MAX_TURN_PARTS = 2_000;
/** The maximum length of a title, a path, a note and an entry of a plan. */
export const TURN_TITLE_LENGTH = 1_024;
/** The maximum number of changed files in a tool call, and of entries of a plan. */
export const MAX_TURN_DIFFS = 50;
export const MAX_PLAN_ENTRIES = 200;

/** The default maximum number of connected dashboards. */
export const MAX_DASHBOARDS = 50;
/** The default maximum number of connected agents. */
export const MAX_AGENTS = 10;
/** The maximum number of sockets that have not sent their first message yet. */
export const MAX_UNAUTHENTICATED_SOCKETS = 100;
/** The maximum number of those from one address. */
export const MAX_PENDING_PER_ADDRESS = 20;

/** The maximum delay of output that is collected into a message or a chunk. */
export const OUTPUT_BATCH_MS = 3;
/** The maximum delay of changes to a turn that are collected into updates. */
export const TURN_BATCH_MS = 100;
/** How long a new socket has to send its first message. */
export const FIRST_MESSAGE_TIMEOUT_MS = 5_000;
/** How often the hub pings an agent, and how often an agent sends `agent:heartbeat`. */
export const AGENT_PING_MS = 10_000;
/** How long an agent can be silent before it is offline, or the hub before an agent reconnects. */
export const AGENT_SILENCE_MS = 30_000;
/** How often the hub pings a dashboard. */
export const DASHBOARD_PING_MS = 30_000;
/** How long a dashboard can be silent before its connection is dropped. */
export const DASHBOARD_SILENCE_MS = 60_000;
/** How often the hub sends `hub:heartbeat`, because browsers hide pings. */
export const HUB_HEARTBEAT_MS = 10_000;
/** How long the hub can be silent before a dashboard reconnects. */
export const HUB_SILENCE_MS = 25_000;
/** How long a dropped dashboard stays RECONNECTING. */
export const RECONNECT_WINDOW_MS = 60_000;
/** How long an agent's current socket has to answer a ping before another instance takes over. */
export const TAKEOVER_PING_MS = 2_000;

/** The default timeout of a command (docs/data-model.md, "Command errors"). */
export const COMMAND_TIMEOUT_MS = 300_000;
/** The default maximum timeout of a command. */
export const MAX_COMMAND_TIMEOUT_MS = 86_400_000;
/** The default time without output after which a running command may be stuck. */
export const STUCK_AFTER_MS = 300_000;
/** The default time that a running command waits for its agent to reconnect. */
export const AGENT_GRACE_MS = 300_000;
/** The time between one signal and the next, stronger one. */
export const ESCALATION_MS = 5_000;
/** How long processes that a shell left behind may keep its output open. */
export const SHELL_LINGER_MS = 500;
/** How long a `requestId` is valid as an idempotency key. */
export const REQUEST_ID_TTL_MS = 86_400_000;
/** The default page size of lists. */
export const PAGE_LENGTH = 50;
/** How long the connection log and the audit log are kept by default. */
export const CONNECTION_LOG_RETENTION_MS = 30 * 86_400_000;
export const AUDIT_RETENTION_MS = 90 * 86_400_000;

/** The maximum lengths of usernames and passwords. */
export const USERNAME_LENGTH = 128;
export const PASSWORD_MAX_LENGTH = 1_024;
/** The minimum length of a new password. */
export const PASSWORD_MIN_LENGTH = 12;
/** The name that replaces the one of a user whose data is erased. No username contains a space. */
export const ERASED_USER = 'deleted user';
/** How long a link to choose a password is valid. */
export const PASSWORD_LINK_MS = 15 * 60_000;
/** How long a user has to confirm the secret of an authenticator app. */
export const TWO_FACTOR_SETUP_MS = 15 * 60_000;
/** How long a user has to enter a code after the password. */
export const SECOND_STEP_MS = 5 * 60_000;
/** How often the code of an authenticator app changes. */
export const TOTP_PERIOD_MS = 30_000;
/** The number of recovery codes, and the maximum length of a code that is entered. */
export const RECOVERY_CODES = 10;
export const CODE_LENGTH = 64;
/** Codes per user, from any address, after the correct password. */
export const CODE_RATE = { perSecond: 1 / 300, burst: 10 } as const;
/** How long a user has to sign in at the identity provider. */
export const PROVIDER_SIGN_IN_MS = 10 * 60_000;
/** How long the identity provider has for each response. */
export const PROVIDER_TIMEOUT_MS = 10_000;
/** The maximum size of its response. */
export const MAX_PROVIDER_RESPONSE_BYTES = 1_048_576;
/** What API tokens begin with. */
export const API_TOKEN_PREFIX = 'sbp_';
/** The maximum number of API tokens of a user, and how long one can be valid. */
export const MAX_API_TOKENS = 50;
export const MAX_API_TOKEN_MS = 365 * 86_400_000;
/** The maximum number of tokens of an agent, and the maximum length of a token's name. */
export const MAX_AGENT_TOKENS = 10;
export const TOKEN_NAME_LENGTH = 64;
/** Sign-in attempts per username and address. */
export const SIGN_IN_RATE = { perSecond: 1 / 30, burst: 5 } as const;
/** Sign-in attempts per address. */
export const ADDRESS_SIGN_IN_RATE = { perSecond: 1 / 5, burst: 30 } as const;
/** The maximum number of passwords that are hashed at once, and of those that wait. */
export const MAX_PASSWORD_HASHES = 2;
export const MAX_WAITING_PASSWORD_HASHES = 8;
/** The maximum number of both per address or IPv6 network, so that one client leaves places for others. */
export const MAX_CLIENT_PASSWORD_HASHES = 5;
/** The maximum number of HTTP requests per user and agent token. */
export const REQUEST_RATE = { perSecond: 200, burst: 2_000 } as const;
/**
 * The maximum number of HTTP requests and WebSocket upgrades without valid credentials per address. A page that is not
 * cached is about 20 requests, so that 250 people behind one address can open one at the same moment.
 */
export const ANONYMOUS_REQUEST_RATE = { perSecond: 200, burst: 5_000 } as const;
/**
 * The maximum number of dashboards that a user connects. Each page that is opened connects one, and all of a user's
 * pages, up to MAX_DASHBOARDS, reconnect after a restart of the hub: the burst is enough for ten restarts in a row.
 */
export const DASHBOARD_CONNECT_RATE = { perSecond: 2, burst: 500 } as const;
/**
 * The maximum number of times that an agent connects with one token. It waits 0.5 to 30 s between attempts, so that only
 * one that reconnects without delay exceeds this. Agents do not share a token: each of them can reconnect at once.
 */
export const AGENT_CONNECT_RATE = { perSecond: 1, burst: 200 } as const;
/** The maximum number of messages per dashboard. */
export const MESSAGE_RATE = { perSecond: 20, burst: 40 } as const;
/** The maximum number of bytes of `command:input` and `terminal:resize` per dashboard. */
export const INPUT_RATE = { perSecond: 65_536, burst: 65_536 } as const;
/** The minimum number of bytes that one `command:input` or `terminal:resize` counts as. */
export const MIN_INPUT_COST = 16;
/**
 * The maximum number of invalid frames per socket, and of messages above the rate limit per dashboard, before the
 * connection is closed.
 */
export const REJECTED_FRAME_RATE = { perSecond: 5, burst: 50 } as const;
/** A dashboard with more data than this waiting to be sent has a backlog. */
export const BACKLOG_BYTES = 131_072;
/**
 * A dashboard is slow if it has had a backlog for this long, or has one larger than `MAX_BACKLOG_BYTES`, which is far below
 * the 16 MiB at which the connection ends.
 */
export const SLOW_AFTER_MS = 1_000;
export const MAX_BACKLOG_BYTES = 4 * 1_048_576;
/** While the backlogs of all dashboards together are larger than this, every dashboard with a backlog is slow. */
export const TOTAL_BACKLOG_BYTES = 64 * 1_048_576;
/** How long a slow dashboard may make no progress before it is closed. */
export const SLOW_MS = 30_000;
/** The default maximum size of all terminal output in memory. */
export const BUFFER_MEMORY_BYTES = 256 * 1_048_576;
/** How long the output of ended commands is kept by default, and how large it may be in all. */
export const TRANSCRIPT_RETENTION_MS = 30 * 86_400_000;
export const TRANSCRIPT_QUOTA_BYTES = 5_000_000_000;
/** How long a command may be queued by default. */
export const QUEUE_TTL_MS = 86_400_000;
