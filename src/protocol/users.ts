// The bodies of the HTTP API about users and their sign-in links (docs/protocol.md, "HTTP API").
import { type Static, Type } from '@sinclair/typebox';
import { Page } from './api.ts';
import { Role } from './entities.ts';
import { Grants } from './grants.ts';
import { PASSWORD_MAX_LENGTH, PASSWORD_MIN_LENGTH } from './limits.ts';
import { Timestamp } from './message.ts';

/** A username: an email address is one, too. It appears in URLs and in the history. */
export const Username = Type.String({ pattern: '^[a-z0-9][a-z0-9._@+-]{0,63}$' });

/** A password that a user chooses. */
export const NewPassword = Type.String({
  minLength: PASSWORD_MIN_LENGTH,
  maxLength: PASSWORD_MAX_LENGTH,
});

/** A user as admins see it. */
export const UserSummary = Type.Object({
  username: Type.String(),
  role: Role,
  /** The agents that the user may see and use; null for all. */
  agents: Grants,
  createdAt: Timestamp,
  /** When the user was disabled; null if the user can sign in. */
  disabledAt: Type.Union([Timestamp, Type.Null()]),
  /** Whether the user has chosen a password. */
  hasPassword: Type.Boolean(),
  /** Whether the user needs a code to sign in. */
  hasTwoFactor: Type.Boolean(),
  /** Whether the user signs in with single sign-on. */
  hasSingleSignOn: Type.Boolean(),
  /** When a session of the user was last used, to about a minute; null if the user has none. */
  lastSeenAt: Type.Union([Timestamp, Type.Null()]),
});
export type UserSummary = Static<typeof UserSummary>;

export const UserPage = Page(UserSummary);
export type UserPage = Static<typeof UserPage>;

/** The body of `POST /api/v1/users`. The user chooses a password with the link in the response. */
export const UserBody = Type.Object({
  username: Username,
  role: Role,
  agents: Type.Optional(Grants),
});
export type UserBody = Static<typeof UserBody>;

/** The body of `PATCH /api/v1/users/:username`. */
export const UserChanges = Type.Object(
  {
    role: Type.Optional(Role),
    agents: Type.Optional(Grants),
    disabled: Type.Optional(Type.Boolean()),
    /** Only the user can turn it on. */
    twoFactor: Type.Optional(Type.Literal(false)),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type UserChanges = Static<typeof UserChanges>;

/** A link with which a user chooses a password, once. It is not stored, and only this response contains it. */
export const PasswordLink = Type.Object({
  username: Type.String(),
  url: Type.String(),
  expiresAt: Timestamp,
});
export type PasswordLink = Static<typeof PasswordLink>;

/** The body of `PUT /api/v1/account/password`. */
export const PasswordBody = Type.Object({
  currentPassword: Type.String({ minLength: 1, maxLength: PASSWORD_MAX_LENGTH }),
  newPassword: NewPassword,
});
export type PasswordBody = Static<typeof PasswordBody>;
