// Certificates of a private authority, made with openssl.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { CertificateFiles } from '../../src/cli/certificate-files.ts';
import type { Certificate } from '../../src/web/servers.ts';

const KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
const LOCAL_NAMES = 'DNS:localhost,IP:127.0.0.1';

export type Authority = ReturnType<typeof createAuthority>;

/** Creates an authority whose files are in a folder. */
export function createAuthority(folder: string) {
  const run = (command: string) => {
    const { success, stderr } = Bun.spawnSync(['bash', '-euc', command], { cwd: folder });
    if (!success) throw new Error(`${command} failed: ${stderr.toString()}`);
  };
  run(
    `openssl req -x509 ${KEY} -days 30 -subj '/CN=Test CA' -addext basicConstraints=critical,CA:TRUE \
      -keyout ca.key -out ca.pem`,
  );

  return {
    /** The certificate of the authority, for NODE_EXTRA_CA_CERTS. */
    file: join(folder, 'ca.pem'),
    /** Issues a certificate. @param names subject alternative names as openssl writes them */
    issue(name: string, { names = LOCAL_NAMES, days = 10 } = {}): CertificateFiles {
      run(
        `openssl req ${KEY} -subj '/CN=${name}' -keyout '${name}.key' -out '${name}.csr'
        openssl x509 -req -in '${name}.csr' -CA ca.pem -CAkey ca.key -CAcreateserial -days ${days} \
          -extfile <(echo 'subjectAltName=${names}') -out '${name}.pem'`,
      );
      return { cert: join(folder, `${name}.pem`), key: join(folder, `${name}.key`) };
    },
    /** Runs a command of openssl in the folder. */
    run,
  };
}

export function readFiles({ cert, key }: CertificateFiles): Certificate {
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
}

/** Opens a connection, and returns the common name in the certificate that the server sends. */
export function readServedName(url: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
  socket.on('secureConnect', () => {
    resolve(String(socket.getPeerCertificate().subject.CN));
    socket.destroy();
  });
  socket.on('error', reject);
  return promise;
}
