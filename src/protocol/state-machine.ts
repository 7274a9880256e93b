// A state machine as a table: from which state which event leads where. Pure, so that every move can be tested.

/** For each state, the events it allows and where they lead. */
export type Moves<S extends string, E extends string> = Readonly<
  Record<S, Readonly<Partial<Record<E, S>>>>
>;

/** A move the diagram does not have. */
export class IllegalMove extends Error {
  override readonly name = 'IllegalMove';
}

/**
 * Makes the transition function of a table.
 * @throws {IllegalMove} when the state does not allow the event.
 */
export function transitions<S extends string, E extends string>(noun: string, moves: Moves<S, E>) {
  return (state: S, event: E): S => {
    const next: S | undefined = moves[state][event];
    if (next === undefined) throw new IllegalMove(`${noun} cannot move from ${state} on ${event}`);
    return next;
  };
}
