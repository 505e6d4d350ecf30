import { join } from 'node:path';
import S3rver from 's3rver';
import account from 's3rver/lib/models/account.js';
import { refusalOf } from './s3Signature.ts';
import { makeStoreReliable } from './s3Store.ts';

/**
 * The S3-protocol server as a program of its own, so that it can crash, pause and be restarted without its caller.
 * Prints `listening PORT` once it serves. Loopback only; every request must be signed (Signature Version 4).
 */
const { S3_DIR, S3_PORT, S3_BUCKET, S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY } = process.env;
if (!S3_DIR || !S3_BUCKET || !S3_ACCESS_KEY_ID || !S3_SECRET_ACCESS_KEY) {
  throw new Error('S3_DIR, S3_BUCKET, S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY must be set');
}

const server = new S3rver({
  directory: join(S3_DIR, 'objects'),
  address: '127.0.0.1',
  port: Number(S3_PORT),
  silent: true,
  vhostBuckets: false,
  configureBuckets: [{ name: S3_BUCKET, configs: [] }],
});
account.DUMMY_ACCOUNT.createKeyPair(S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY);
account.DUMMY_ACCOUNT.revokeAccessKey('S3RVER');
makeStoreReliable(server.store, join(S3_DIR, 'uploads'));

// s3rver lets requests without a signature pass, and compares no signature of version 4, the one that is in use.
const key = { accessKeyId: S3_ACCESS_KEY_ID, secretAccessKey: S3_SECRET_ACCESS_KEY };
server.middleware.unshift(async (context, next) => {
  const { method = '', url = '', headers } = context.req;
  const refusal = refusalOf({ method, url, headers }, key);
  if (refusal === null) return next();
  context.status = 403;
  context.type = 'application/xml';
  context.body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${refusal}</Code></Error>`;
});

const { port } = await server.run();
console.log(`listening ${port}`);
process.once('SIGTERM', () => {
  server.httpServer.close(() => process.exit(0));
  server.httpServer.closeIdleConnections();
  setTimeout(() => process.exit(0), 3_000).unref();
});
