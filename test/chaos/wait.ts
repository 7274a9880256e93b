// Faults last for a time, and the processes under test run in real time: rounds wait by the system clock.

export const wait = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));
