// Secrets in environment variables (SECURITY.md, "Secrets in memory").

export const secretNames = [
  'SIGNALBOX_AGENT_TOKEN',
  'SIGNALBOX_ADMIN_PASSWORD',
  'SIGNALBOX_TOKEN',
  'SIGNALBOX_PASSWORD',
  'SIGNALBOX_NEW_PASSWORD',
  'SIGNALBOX_CODE',
  'SIGNALBOX_OIDC_CLIENT_SECRET',
  'SIGNALBOX_STORE',
  'SIGNALBOX_BUS',
] as const;
type SecretName = (typeof secretNames)[number];
export type Secrets = Partial<Record<SecretName, string>>;

/** The secrets that are not in the environment anymore. */
let hidden: Secrets = {};

/** Returns a secret from the environment. */
export function readSecret(name: SecretName): string | undefined {
  return hidden[name] ?? process.env[name];
}

/** Takes the secrets out of the environment. `readSecret` does not return them until `keepSecrets` is called. */
export function takeSecrets(): Secrets {
  const secrets: Secrets = {};
  for (const name of secretNames) {
    const value = process.env[name];
    delete process.env[name];
    if (value !== undefined) secrets[name] = value;
  }
  return secrets;
}

export function keepSecrets(secrets: Secrets): void {
  hidden = secrets;
}
