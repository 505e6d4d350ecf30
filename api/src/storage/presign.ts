import { createHash, createHmac } from 'node:crypto';

export interface SigningKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** A request that whoever has the signed address may send; the named headers must be sent exactly so. */
export interface RequestToSign {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE';
  /** As in the `Host` header that the storage will see. */
  readonly host: string;
  /** Decoded, beginning with a slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Names in lower case; a PUT is bound to its size and type by `content-length` and `content-type`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly at: Date;
  readonly expiresSec: number;
}

const algorithm = 'AWS4-HMAC-SHA256';

/**
 * Path and query of a signed address (AWS Signature Version 4, query parameters). The same request at the same moment
 * always has the same address, so that caches know it.
 */
export function presign(request: RequestToSign, key: SigningKey): string {
  const date = request.at.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const day = date.slice(0, 8);
  const scope = `${day}/${key.region}/s3/aws4_request`;
  const headers: Record<string, string> = { ...request.headers, host: request.host };
  const names = Object.keys(headers).sort();
  const path = request.path.split('/').map(encode).join('/');
  const query = queryOf({
    ...request.query,
    'X-Amz-Algorithm': algorithm,
    'X-Amz-Credential': `${key.accessKeyId}/${scope}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': String(request.expiresSec),
    'X-Amz-SignedHeaders': names.join(';'),
  });
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('');
  const canonical = [request.method, path, query, lines, names.join(';'), 'UNSIGNED-PAYLOAD'].join('\n');
  const text = [algorithm, date, scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  return `${path}?${query}&X-Amz-Signature=${hmac(secretOf(key, day), text).toString('hex')}`;
}

function queryOf(parameters: Record<string, string>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
}

function secretOf({ secretAccessKey, region }: SigningKey, day: string): Buffer {
  return [region, 's3', 'aws4_request'].reduce(hmac, hmac(`AWS4${secretAccessKey}`, day));
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** RFC 3986: all but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
