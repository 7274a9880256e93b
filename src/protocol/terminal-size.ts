// The size of an interactive terminal, in characters.
import { Type } from '@sinclair/typebox';

/** Columns or rows. */
export const TerminalCells = Type.Integer({ minimum: 1, maximum: 1000 });

/** The size until a dashboard changes it. */
export const INITIAL_TERMINAL_SIZE = { cols: 80, rows: 24 } as const;
