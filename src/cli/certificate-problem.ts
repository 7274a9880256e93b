// Why the certificate of a hub is rejected, and what to do about it.

export interface CertificateProblem {
  /** Continues a sentence. */
  reason: string;
  fix: string;
}

const unknownIssuer: CertificateProblem = {
  reason: "the hub's certificate is not from a known certificate authority",
  fix:
    'Set NODE_EXTRA_CA_CERTS to a PEM file with the certificate of the authority, or with the certificate of the hub if\n' +
    'it is self-signed. If the authority is a public one, start the hub with the full chain in --tls-cert.',
};

/** The problems by the code of OpenSSL or Node.js. */
const problems: Readonly<Record<string, CertificateProblem>> = {
  CERT_HAS_EXPIRED: {
    reason: "the hub's certificate has expired",
    fix: 'Renew the certificate of the hub. If it is valid, check the clock of this machine.',
  },
  CERT_NOT_YET_VALID: {
    reason: "the hub's certificate is not valid yet",
    fix: 'Check the clock of this machine.',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownIssuer,
  SELF_SIGNED_CERT_IN_CHAIN: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownIssuer,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownIssuer,
};

/** Returns the problem of a failed request; null if it did not fail because of the certificate. */
export function certificateProblem(hub: string, error: unknown): CertificateProblem | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string')
    return null;
  if (error.code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const { hostname } = new URL(hub);
    return {
      reason: `the hub's certificate is not valid for ${hostname}`,
      fix: `Use a URL with a name in the certificate, or get a certificate for ${hostname}.`,
    };
  }
  return problems[error.code] ?? null;
}
