// The agents that a user may see and use (docs/protocol.md, "Roles").
import { type Static, Type } from '@sinclair/typebox';
import { MAX_GRANTS, MAX_LABELS } from './limits.ts';

const NAME = '[A-Za-z0-9][A-Za-z0-9._-]{0,63}';

/** The labels of an agent. */
export const Labels = Type.Array(Type.String({ pattern: `^${NAME}$` }), {
  maxItems: MAX_LABELS,
  uniqueItems: true,
});

/** Agent IDs, and labels as `label:NAME`. Null grants all agents. */
export const Grants = Type.Union([
  Type.Array(Type.String({ pattern: `^(label:)?${NAME}$` }), {
    maxItems: MAX_GRANTS,
    uniqueItems: true,
  }),
  Type.Null(),
]);
export type Grants = Static<typeof Grants>;
