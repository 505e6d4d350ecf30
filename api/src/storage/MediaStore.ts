import {
  request as httpRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http';
import { request as httpsRequest, Agent as HttpsAgent } from 'node:https';
import type { Readable } from 'node:stream';
import { AppError } from '@maydan/common';
import type { ApiConfig } from '../config.ts';
import { presign, type RequestToSign } from './presign.ts';

/** Where the storage answers on the api's own server, for whoever has a signed address. */
export const storagePrefix = '/s3';
const idleMs = 30_000;
const uploadExpiresSec = 900;

export interface SignedUpload {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly expiresAt: Date;
}

export interface DownloadWish {
  readonly type: string;
  /** What the file is called when it is saved; null: it may be shown in a page. */
  readonly saveAs: string | null;
  /** Within one window all get the same address, which is good for two of them. */
  readonly windowSec: number;
}

interface StorageRequest {
  readonly method: RequestToSign['method'];
  /** Path and query, signed. */
  readonly address: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Readable;
}

type StorageConfig = Pick<
  ApiConfig,
  | 'S3_ENDPOINT'
  | 'S3_REGION'
  | 'S3_ACCESS_KEY_ID'
  | 'S3_SECRET_ACCESS_KEY'
  | 'S3_BUCKET'
  | 'S3_FORCE_PATH_STYLE'
  | 'S3_PUBLIC_URL'
>;

/**
 * The api's door to the S3-protocol storage: signed addresses, by which clients send and get files, and the way to it for
 * those that come through us. Of its own the api stores exports; what is stored and removed otherwise is the workers' work.
 */
export class MediaStore {
  readonly #config: StorageConfig;
  /** The storage as we reach it; with the bucket in its host name or in `#base`. */
  readonly #origin: URL;
  readonly #base: string;
  readonly #agent: HttpAgent;

  constructor(config: StorageConfig) {
    const { S3_BUCKET: bucket, S3_FORCE_PATH_STYLE: inPath } = config;
    this.#config = config;
    this.#origin = new URL(config.S3_ENDPOINT ?? `https://s3.${config.S3_REGION}.amazonaws.com`);
    if (!inPath) this.#origin.hostname = `${bucket}.${this.#origin.hostname}`;
    this.#base = this.#origin.pathname.replace(/\/$/, '') + (inPath ? `/${bucket}` : '');
    // Idle sockets don't keep the process.
    const options = { keepAlive: true, maxSockets: 100, maxFreeSockets: 10 };
    this.#agent = this.#origin.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /** An address to which exactly this many bytes of this type can be sent. */
  upload(key: string, file: { type: string; byteLength: number }, at: Date): SignedUpload {
    const headers = { 'content-type': file.type, 'content-length': String(file.byteLength) };
    const url = this.#clientAddress('PUT', key, { headers, at, expiresSec: uploadExpiresSec });
    const expiresAt = new Date(at.getTime() + uploadExpiresSec * 1_000);
    // Browsers set the length themselves and forbid pages to.
    return { url, headers: { 'content-type': file.type }, expiresAt };
  }

  /** An address from which a file can be got; the storage answers with this type, whatever it was stored with. */
  download(key: string, { type, saveAs, windowSec }: DownloadWish, now: Date): string {
    const windowMs = windowSec * 1_000;
    const at = new Date(Math.floor(now.getTime() / windowMs) * windowMs);
    const query = {
      'response-content-type': type,
      'response-cache-control': `private, max-age=${windowSec}`,
      ...(saveAs === null ? {} : { 'response-content-disposition': attachment(saveAs) }),
    };
    return this.#clientAddress('GET', key, { query, at, expiresSec: 2 * windowSec });
  }

  /** Bytes that the storage has; null when there is no such object. Throws `unavailable`. */
  async size(key: string): Promise<number | null> {
    const answer = await this.send({ method: 'HEAD', address: this.#ownAddress('HEAD', key, {}) });
    answer.resume();
    if (answer.statusCode === 404) return null;
    if (answer.statusCode !== 200) throw new AppError('unavailable');
    return Number(answer.headers['content-length']);
  }

  /** The storage's answer, whatever it is. Throws `unavailable`. */
  get(key: string, headers: OutgoingHttpHeaders): Promise<IncomingMessage> {
    return this.send({ method: 'GET', address: this.#ownAddress('GET', key, {}), headers });
  }

  /** Sends a body on, as it comes, of exactly this length; throws `unavailable`, also when it breaks off. */
  async put(key: string, body: Readable, file: { type: string; byteLength: number }): Promise<void> {
    const headers = { 'content-type': file.type, 'content-length': String(file.byteLength) };
    const answer = await this.send({
      ...{ method: 'PUT', address: this.#ownAddress('PUT', key, headers) },
      ...{ headers, body },
    });
    answer.resume();
    if (answer.statusCode !== 200) throw new AppError('unavailable');
  }

  /** May be repeated: what isn't there is removed already. Throws `unavailable`. */
  async remove(key: string): Promise<void> {
    const answer = await this.send({ method: 'DELETE', address: this.#ownAddress('DELETE', key, {}) });
    answer.resume();
    if (![200, 204, 404].includes(answer.statusCode ?? 0)) throw new AppError('unavailable');
  }

  /** The storage's own address for one below `storagePrefix`; null when it isn't one that we sign. */
  addressBehind(path: string): string | null {
    const ours = ['uploads', 'media', 'exports'].some((folder) =>
      path.startsWith(`${this.#base}/${folder}/`),
    );
    return ours && path.includes('X-Amz-Signature=') ? path : null;
  }

  /** The storage's answer, whose body the caller reads or destroys. Throws `unavailable`. */
  send({ method, address, headers, body }: StorageRequest): Promise<IncomingMessage> {
    const { protocol, hostname, port, host } = this.#origin;
    const request = protocol === 'https:' ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const options = { agent: this.#agent, hostname, port, method, path: address };
      const sending = request({ ...options, headers: { ...headers, host } }, resolve);
      const gone = new Error('neither the client nor the storage says anything');
      sending.setTimeout(idleMs, () => sending.destroy(gone));
      sending.on('error', (cause) => reject(new AppError('unavailable', undefined, undefined, { cause })));
      if (body === undefined) return sending.end();
      body.pipe(sending);
      body.once('close', () => {
        if (!body.readableEnded) sending.destroy(new Error('the upload broke off'));
      });
    });
  }

  #ownAddress(method: RequestToSign['method'], key: string, headers: Record<string, string>): string {
    const { host } = this.#origin;
    const path = `${this.#base}/${key}`;
    return presign({ method, host, path, headers, at: new Date(), expiresSec: 60 }, this.#key());
  }

  #clientAddress(
    method: 'GET' | 'PUT',
    key: string,
    rest: { query?: Record<string, string>; headers?: Record<string, string>; at: Date; expiresSec: number },
  ): string {
    const { S3_PUBLIC_URL: given } = this.#config;
    if (given === undefined) {
      const path = `${this.#base}/${key}`;
      return storagePrefix + presign({ method, host: this.#origin.host, path, ...rest }, this.#key());
    }
    const { origin, host, pathname } = new URL(given);
    const path = `${pathname.replace(/\/$/, '')}/${key}`;
    return origin + presign({ method, host, path, ...rest }, this.#key());
  }

  #key() {
    const {
      S3_ACCESS_KEY_ID: accessKeyId,
      S3_SECRET_ACCESS_KEY: secretAccessKey,
      S3_REGION: region,
    } = this.#config;
    return { accessKeyId, secretAccessKey, region };
  }
}

/** RFC 6266, with the name in RFC 8187's encoding; `download` for what doesn't know that. */
function attachment(name: string): string {
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="download"; filename*=UTF-8''${encoded}`;
}
