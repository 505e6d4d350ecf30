import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';

export interface CertificateFiles {
  keyFile: string;
  certFile: string;
}

const VALID_YEARS = 10;

/** The self-signed certificate of the local RTMPS server; made once and kept in the data folder. */
export async function localCertificate(dir: string): Promise<CertificateFiles> {
  const files = { keyFile: join(dir, 'key.pem'), certFile: join(dir, 'cert.pem') };
  if (existsSync(files.keyFile) && existsSync(files.certFile)) return files;
  const notAfterDate = new Date();
  notAfterDate.setFullYear(notAfterDate.getFullYear() + VALID_YEARS);
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'Maydan local' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await writeFile(files.keyFile, key, { mode: 0o600 });
  await writeFile(files.certFile, cert);
  return files;
}
