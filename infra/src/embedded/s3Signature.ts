import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A request as it came over the wire. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Codes of the S3 API. */
export type SignatureRefusal =
  'AccessDenied' | 'InvalidAccessKeyId' | 'RequestTimeTooSkewed' | 'SignatureDoesNotMatch';

/** What a request says of its signature, from its header or its query. */
interface Claim {
  readonly credential: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `yyyyMMddTHHmmssZ` */
  readonly date: string;
  /** How long it is good from then on; null for a header, which is for now. */
  readonly expiresSec: number | null;
  readonly payloadHash: string;
}

const algorithm = 'AWS4-HMAC-SHA256';
const skewMs = 15 * 60_000;
const maxExpiresSec = 7 * 24 * 3_600;

/**
 * Why a request is refused by Signature Version 4 (AWS, "Authenticating Requests"), or null when it is good. The signature
 * covers method, path, query and the headers that it names: with `content-length` and `content-type` among them, an upload
 * has exactly the announced size and type. Every `x-amz-` header has to be named. The body's own hash isn't compared.
 */
export function refusalOf(request: SignedRequest, key: AccessKey, now = Date.now()): SignatureRefusal | null {
  const [path = '/', query = ''] = splitOnce(request.url, '?');
  const parameters = parseQuery(query);
  const claim = claimOf(request, parameters);
  if (parameters === null || claim === null) return 'AccessDenied';
  const [accessKeyId, day, region, service, end, ...more] = claim.credential.split('/');
  if (accessKeyId !== key.accessKeyId) return 'InvalidAccessKeyId';
  const isScope = service === 's3' && end === 'aws4_request' && more.length === 0;
  if (!isScope || day === undefined || region === undefined || !claim.date.startsWith(day))
    return 'AccessDenied';
  const untimely = timeRefusal(claim, now);
  if (untimely !== null) return untimely;
  if (!namesAllThatMatters(request, claim)) return 'AccessDenied';
  const canonical = canonicalRequest(request, path, parameters, claim);
  const scope = [day, region, service, end].join('/');
  const text = [algorithm, claim.date, scope, sha256(canonical)].join('\n');
  const wanted = hmac(signingKey(key.secretAccessKey, day, region), text).toString('hex');
  return isEqual(wanted, claim.signature) ? null : 'SignatureDoesNotMatch';
}

function claimOf(request: SignedRequest, parameters: readonly Parameter[] | null): Claim | null {
  const authorization = textOf(request.headers['authorization']);
  const inQuery = new Map(parameters ?? []);
  if (authorization !== undefined)
    return inQuery.has('X-Amz-Signature') ? null : headerClaim(request, authorization);
  const expires = inQuery.get('X-Amz-Expires') ?? '';
  if (inQuery.get('X-Amz-Algorithm') !== algorithm || !/^\d{1,6}$/.test(expires)) return null;
  return {
    credential: inQuery.get('X-Amz-Credential') ?? '',
    signedHeaders: (inQuery.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: inQuery.get('X-Amz-Signature') ?? '',
    date: inQuery.get('X-Amz-Date') ?? '',
    expiresSec: Number(expires),
    payloadHash: 'UNSIGNED-PAYLOAD',
  };
}

function headerClaim({ headers }: SignedRequest, authorization: string): Claim | null {
  const match =
    /^AWS4-HMAC-SHA256 +Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  const payloadHash = textOf(headers['x-amz-content-sha256']);
  if (match === null || payloadHash === undefined) return null;
  const [, credential = '', names = '', signature = ''] = match;
  const date = textOf(headers['x-amz-date']) ?? '';
  return { credential, signedHeaders: names.split(';'), signature, date, expiresSec: null, payloadHash };
}

function timeRefusal({ date, expiresSec }: Claim, now: number): SignatureRefusal | null {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date);
  if (match === null) return 'AccessDenied';
  const [year = 0, month = 1, day, hour, minute, second] = match.slice(1).map(Number);
  const at = Date.UTC(year, month - 1, day, hour, minute, second);
  if (at > now + skewMs) return 'RequestTimeTooSkewed';
  if (expiresSec === null) return now > at + skewMs ? 'RequestTimeTooSkewed' : null;
  return expiresSec > maxExpiresSec || now > at + expiresSec * 1_000 ? 'AccessDenied' : null;
}

/** A header that changes what a request does must not be added by whoever was given a signed address. */
function namesAllThatMatters({ headers }: SignedRequest, { signedHeaders }: Claim): boolean {
  const named = new Set(signedHeaders);
  const isThere = signedHeaders.every((name) => textOf(headers[name]) !== undefined);
  const matter = Object.keys(headers).filter((name) => name.startsWith('x-amz-'));
  return isThere && named.has('host') && matter.every((name) => named.has(name));
}

function canonicalRequest(
  { method, headers }: SignedRequest,
  path: string,
  parameters: readonly Parameter[],
  { signedHeaders, payloadHash }: Claim,
): string {
  const query = parameters
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const lines = signedHeaders.map(
    (name) => `${name}:${(textOf(headers[name]) ?? '').trim().replace(/ +/g, ' ')}\n`,
  );
  const uri = path.split('/').map(reencode).join('/');
  return [method, uri, query, lines.join(''), signedHeaders.join(';'), payloadHash].join('\n');
}

type Parameter = readonly [name: string, value: string];

/** Null when it isn't readable, or names something twice. */
function parseQuery(query: string): Parameter[] | null {
  try {
    const pairs = query.split('&').filter((pair) => pair !== '');
    const parameters = pairs.map((pair): Parameter => {
      const [name = '', value = ''] = splitOnce(pair, '=');
      return [decodeURIComponent(name), decodeURIComponent(value)];
    });
    return new Set(parameters.map(([name]) => name)).size === parameters.length ? parameters : null;
  } catch {
    return null;
  }
}

function reencode(segment: string): string {
  try {
    return encode(decodeURIComponent(segment));
  } catch {
    return segment;
  }
}

/** RFC 3986: all but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function signingKey(secret: string, day: string, region: string): Buffer {
  return ['s3', 'aws4_request'].reduce(hmac, hmac(hmac(`AWS4${secret}`, day), region));
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function isEqual(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

function textOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' || value === undefined ? value : value.join(',');
}
