// When a hub started, as its epoch says.

/** Returns the time of an epoch in Unix milliseconds: it is a UUIDv7, whose first 48 bits are its time. */
export const epochTime = (hubEpoch: string): number =>
  parseInt(hubEpoch.replaceAll('-', '').slice(0, 12), 16);
