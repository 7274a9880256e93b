// The functions of the C library that Bun has no interface for. Linux only.
import { dlopen, FFIType, ptr } from 'bun:ffi';

const { i32, u32, u64, pointer } = FFIType;
const PR_SET_DUMPABLE = 4;

function openLibc() {
  return dlopen('libc.so.6', {
    execve: { args: [pointer, pointer, pointer], returns: i32 },
    memfd_create: { args: [pointer, u32], returns: i32 },
    prctl: { args: [i32, u64, u64, u64, u64], returns: i32 },
  }).symbols;
}

/**
 * Replaces the program of this process. The process keeps its ID, its terminal and the files that programs it starts inherit.
 * Returns only if it fails.
 */
export function replaceProgram(
  file: string,
  argv: readonly Buffer[],
  environment: readonly Buffer[],
): void {
  const texts: Buffer[] = [];
  const toPointers = (strings: readonly Buffer[]) => {
    const terminated = strings.map(terminate);
    // Keeps them from being collected.
    texts.push(...terminated);
    return new BigUint64Array([...terminated.map((text) => BigInt(ptr(text))), 0n]);
  };
  const path = terminate(Buffer.from(file));
  const argvPointers = toPointers(argv);
  const environmentPointers = toPointers(environment);
  openLibc().execve(ptr(path), ptr(argvPointers), ptr(environmentPointers));
}

/** Creates a file in memory that a program which replaces this one inherits. Returns its descriptor. */
export function createInheritedFile(): number {
  return openLibc().memfd_create(ptr(terminate(Buffer.from('signalbox'))), 0);
}

/** Makes the memory and the environment of this process unreadable for other processes of its user (PR_SET_DUMPABLE). */
export function denyInspection(): void {
  openLibc().prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/** Adds the zero byte that ends a string in C. */
function terminate(text: Buffer): Buffer {
  return Buffer.concat([text, Buffer.alloc(1)]);
}
