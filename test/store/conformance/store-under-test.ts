// What the conformance suite needs from an implementation, and the store that its tests run against.
import { afterEach, beforeEach } from 'bun:test';
import type { Store } from '../../../src/store/store.ts';

export type MaybePromise<T> = T | Promise<T>;

/** An empty database for one test. */
export interface TestDatabase {
  /** Opens a store on the database. The previous store must be closed. */
  open(): MaybePromise<Store>;
  /** Counts the blocks of output that are not in the search index yet. The store indexes them in the background. */
  countUnindexed(): MaybePromise<number>;
  /** Deletes the database. The store must be closed. */
  remove(): MaybePromise<void>;
}

export type StoreUnderTest = ReturnType<typeof setUpStore>;

/** Opens an empty store before each test, and removes it after the test. */
export function setUpStore(createDatabase: () => MaybePromise<TestDatabase>) {
  let database: TestDatabase;
  let store: Store;

  beforeEach(async () => {
    database = await createDatabase();
    store = await database.open();
  });
  afterEach(async () => {
    await store.close();
    await database.remove();
  });

  return {
    get store() {
      return store;
    },
    /** Closes the store and opens it again: what it returns afterwards was committed. */
    async reopen() {
      await store.close();
      store = await database.open();
    },
    /** Opens the store again, which indexes output at once, and waits until all is indexed. */
    async waitUntilIndexed() {
      await store.close();
      store = await database.open();
      while ((await database.countUnindexed()) > 0) await store.probe();
    },
  };
}
