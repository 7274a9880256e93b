// A FIFO queue with indexed access. Unlike Array.shift, its `shift` does not move every element.

export function createQueue<T>(initial: readonly T[] = []) {
  let items = initial.slice();
  let head = 0;
  return {
    push: (item: T) => void items.push(item),
    length: (): number => items.length - head,
    first: (): T | undefined => items[head],
    last: (): T | undefined => (items.length > head ? items.at(-1) : undefined),
    at: (index: number): T | undefined => (index < 0 ? undefined : items[head + index]),
    findLast: (test: (item: T) => boolean): T | undefined => {
      for (let index = items.length - 1; index >= head; index -= 1) {
        const item = items[index];
        if (item !== undefined && test(item)) return item;
      }
      return undefined;
    },
    shift: (): T | undefined => {
      const item = items[head];
      if (item === undefined) return undefined;
      head += 1;
      if (head > 1024 && head * 2 > items.length) {
        items = items.slice(head);
        head = 0;
      }
      return item;
    },
  };
}
