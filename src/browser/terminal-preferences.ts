// How a user wants to see terminals. Kept in the browser, because it depends on the device.
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

const KEY = 'signalbox-terminal';
export const FONT_SIZES = { minimum: 9, maximum: 24 } as const;

const TerminalPreferences = Type.Object({
  /** In CSS pixels; null for the size of the page. */
  fontSize: Type.Union([Type.Null(), Type.Integer(FONT_SIZES)]),
  wrap: Type.Boolean(),
  times: Type.Boolean(),
  screenReader: Type.Boolean(),
});
export type TerminalPreferences = Static<typeof TerminalPreferences>;

const DEFAULTS: TerminalPreferences = {
  fontSize: null,
  wrap: true,
  times: false,
  screenReader: false,
};

type Storage = Pick<globalThis.Storage, 'getItem' | 'setItem'>;

/** Reads the preferences. Invalid or missing ones are the defaults. */
export function readPreferences(storage: Storage): TerminalPreferences {
  try {
    const value: unknown = { ...DEFAULTS, ...JSON.parse(storage.getItem(KEY) ?? '{}') };
    return Value.Check(TerminalPreferences, value) ? value : { ...DEFAULTS };
  } catch {
    return { ...DEFAULTS };
  }
}

/** Stores the preferences, where the browser allows that. */
export function writePreferences(storage: Storage, preferences: TerminalPreferences): void {
  try {
    storage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // Private windows may not store anything. The preferences then last until the page is closed.
  }
}
