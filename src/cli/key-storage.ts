// Where the keys that sign session tokens are stored: in the data folder, or in the database that several hubs share.
import type { ClusterStore } from '../store/cluster.ts';
import type { DataFolder } from '../store/data-folder.ts';
import type { KeyStorage } from '../web/signing-keys.ts';

/** The file in the data folder, and the secret in the database. */
export const KEY_NAME = 'jwt-secret';

type Folder = Pick<DataFolder, 'read' | 'write'>;

/** Stores the keys in the data folder, which one hub uses. */
export function createFileKeys(folder: Folder): KeyStorage {
  return {
    name: `The file ${KEY_NAME} in the data folder`,
    load: () => Promise.resolve(folder.read(KEY_NAME)),
    save(text) {
      folder.write(KEY_NAME, text);
      return Promise.resolve(true);
    },
  };
}

/**
 * Stores the keys in the database.
 * @param folder a data folder whose keys are used if the database has none: those of the hub before the database was shared
 */
export function createSharedKeys(
  cluster: Pick<ClusterStore, 'readSecret' | 'writeSecret'>,
  folder?: Pick<Folder, 'read'>,
): KeyStorage {
  return {
    name: `The secret ${KEY_NAME} in the database`,
    async load() {
      const stored = await cluster.readSecret(KEY_NAME);
      const earlier = folder?.read(KEY_NAME) ?? null;
      if (stored !== null || earlier === null) return stored;
      await cluster.writeSecret(KEY_NAME, earlier, null);
      return cluster.readSecret(KEY_NAME);
    },
    save: (text, expected) => cluster.writeSecret(KEY_NAME, text, expected),
  };
}
