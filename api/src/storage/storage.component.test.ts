import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startS3, type EmbeddedS3 } from '@maydan/infra';
import { presign, type RequestToSign } from './presign.ts';

interface Wish {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

describe('signed addresses at the embedded storage', () => {
  let folder: string;
  let s3: EmbeddedS3;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'maydan-signed-'));
    s3 = await startS3({ dir: folder });
  });
  afterAll(async () => {
    await s3?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const type = 'image/png';
  function address(change: Partial<RequestToSign> = {}): string {
    const wish: RequestToSign = {
      method: 'PUT',
      ...{ host: `127.0.0.1:${s3.port}`, path: `/${s3.bucket}/uploads/a b!.png` },
      ...{ headers: { 'content-length': '5', 'content-type': type }, at: new Date(), expiresSec: 60 },
      ...change,
    };
    const { accessKeyId, secretAccessKey } = s3;
    return presign(wish, { accessKeyId, secretAccessKey, region: 'us-east-1' });
  }

  /** Status and S3's code; with node:http, which sends headers exactly as they are given. */
  function send(path: string, { method = 'PUT', headers = {}, body = 'hello' }: Wish = {}): Promise<string> {
    const given = {
      'content-type': type,
      ...(method === 'PUT' ? { 'content-length': '5' } : {}),
      ...headers,
    };
    return new Promise((resolve, reject) => {
      const sending = request(
        { port: s3.port, host: '127.0.0.1', path, method, headers: given },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => {
            const code = /<Code>(\w+)/.exec(text)?.[1] ?? text;
            resolve(`${response.statusCode} ${code}`.trim());
          });
        },
      );
      sending.on('error', reject);
      sending.end(method === 'PUT' ? body : undefined);
    });
  }

  it('takes an upload of the announced size and type, and gives it out', async () => {
    expect(await send(address())).toBe('200');
    const download = address({ method: 'GET', headers: {}, query: { 'response-content-type': 'text/x-it' } });
    const answer = await fetch(s3.endpoint + download);
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual(['text/x-it', 'hello']);
  });

  it.each<[string, Wish]>([
    ['a larger body', { headers: { 'content-length': '6' }, body: 'hello!' }],
    ['a smaller body', { headers: { 'content-length': '4' }, body: 'hell' }],
    ['another type', { headers: { 'content-type': 'text/html' } }],
  ])('refuses %s', async (_name, wish) => {
    expect(await send(address(), wish)).toBe('403 SignatureDoesNotMatch');
  });

  it('refuses a body without a length, and headers that could change what is done', async () => {
    const headers = { 'content-type': type, 'transfer-encoding': 'chunked' };
    const sent = new Promise<number | undefined>((resolve, reject) => {
      const options = { port: s3.port, host: '127.0.0.1', path: address(), method: 'PUT', headers };
      const sending = request(options, (response) => resolve(response.resume().statusCode));
      sending.on('error', reject).end('hello');
    });
    expect(await sent).toBe(403);
    const copy = { 'x-amz-copy-source': `/${s3.bucket}/uploads/other` };
    expect(await send(address(), { headers: copy })).toBe('403 AccessDenied');
  });

  it('refuses a changed address: method, path, time, region, key', async () => {
    const head = address({ method: 'GET', headers: {} });
    expect(await send(head, { method: 'HEAD' })).toBe('403');
    expect(await send(address().replace('uploads', 'live'))).toBe('403 SignatureDoesNotMatch');
    expect(await send(address().replace('X-Amz-Expires=60', 'X-Amz-Expires=600'))).toBe(
      '403 SignatureDoesNotMatch',
    );
    expect(await send(address().replace('us-east-1', 'eu-west-1'))).toBe('403 SignatureDoesNotMatch');
    expect(await send(`${address()}&X-Amz-Expires=600`)).toBe('403 AccessDenied');
    expect(await send(address().replace(/X-Amz-Credential=\w+/, 'X-Amz-Credential=x'))).toBe(
      '403 InvalidAccessKeyId',
    );
    const [path = ''] = address().split('?');
    expect(await send(path)).toBe('403 AccessDenied');
  });

  it('refuses what has expired, is from the future, or is good for too long', async () => {
    const now = Date.now();
    expect(await send(address({ at: new Date(now - 61_000) }))).toBe('403 AccessDenied');
    expect(await send(address({ at: new Date(now + 16 * 60_000) }))).toBe('403 RequestTimeTooSkewed');
    expect(await send(address({ expiresSec: 604_801 }))).toBe('403 AccessDenied');
  });
});
