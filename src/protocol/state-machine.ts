// A state machine as a table: from which state which event leads where. Pure, so that every move can be tested.

/** For each state, the events it allows and where they lead. */
export type TransitionTable<S extends string, E extends string> = Readonly<
  Record<S, Readonly<Partial<Record<E, S>>>>
>;

/** A move the diagram does not have. */
export class IllegalTransition extends Error {
  override readonly name = 'IllegalTransition';
}

/**
 * Makes the transition function of a table.
 * @throws {IllegalTransition} when the state does not allow the event.
 */
export function createTransition<S extends string, E extends string>(
  noun: string,
  moves: TransitionTable<S, E>,
) {
  return (state: S, event: E): S => {
    const next: S | undefined = moves[state][event];
    if (next === undefined)
      throw new IllegalTransition(`${noun} cannot move from ${state} on ${event}`);
    return next;
  };
}
