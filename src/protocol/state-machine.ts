// State machines as lookup tables, so that tests can cover every transition.

/** For each state, the events it allows and the states they lead to. */
export type TransitionTable<S extends string, E extends string> = Readonly<
  Record<S, Readonly<Partial<Record<E, S>>>>
>;

/** An event that the current state does not allow. */
export class IllegalTransition extends Error {
  override readonly name = 'IllegalTransition';
}

/**
 * Creates the transition function of a table.
 * @param entity the name of the entity, for error messages
 */
export function createTransition<S extends string, E extends string>(
  entity: string,
  table: TransitionTable<S, E>,
) {
  return (state: S, event: E): S => {
    const next: S | undefined = table[state][event];
    if (next === undefined) {
      throw new IllegalTransition(`${entity} cannot move from ${state} on ${event}`);
    }
    return next;
  };
}
