import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '@maydan/infra';
import type { TestClient } from '../../testing/TestClient.ts';
import { until } from '../../testing/until.ts';

const width = 32;
const height = 18;
const pictureBytes = width * height;
/** Mean brightness (0 to 255) below which a picture is black. */
const blackBelow = 24;

/** Receives one H.264 producer over a plain transport of an `egress` peer, and decodes it with ffmpeg. */
export class DecodedSink {
  readonly consumerId: string;
  readonly #ffmpeg: ChildProcess;
  #bytes = Buffer.alloc(0);
  #pictures: string[] = [];

  static async start(client: TestClient, producerId: string): Promise<DecodedSink> {
    // Below those that sockets of other tests get: ffmpeg binds it only later, with the one after it.
    const port = await freePort();
    const remote = { ip: '127.0.0.1', port };
    const { transportId } = await client.request('transport.createPlain', { direction: 'receive', remote });
    if (client.room === undefined) throw new Error('not joined');
    const { rtpCapabilities } = client.room;
    const input = { transportId, producerId, rtpCapabilities };
    const { consumerId, rtpParameters } = await client.request('consumer.create', input);
    const payloadType = rtpParameters.codecs[0]?.payloadType ?? 0;
    const sink = new DecodedSink(consumerId, startFfmpeg(describe(port, payloadType)));
    await client.request('consumer.resume', { consumerId });
    return sink;
  }

  private constructor(consumerId: string, ffmpeg: ChildProcess) {
    this.consumerId = consumerId;
    this.#ffmpeg = ffmpeg;
    ffmpeg.stdout?.on('data', (bytes: Buffer) => this.#take(bytes));
  }

  /** Decoded pictures so far. */
  get count(): number {
    return this.#pictures.length;
  }

  /** Waits for as many more pictures that are neither black nor all the same. */
  async more(count: number): Promise<void> {
    const before = this.#pictures.length;
    await until(`${count} more pictures`, () => this.#pictures.length >= before + count);
    const seen = this.#pictures.slice(before);
    if (new Set(seen).size < count / 2) throw new Error('the picture is frozen');
  }

  async close(): Promise<void> {
    if (this.#ffmpeg.exitCode !== null || this.#ffmpeg.signalCode !== null) return;
    const gone = once(this.#ffmpeg, 'exit');
    this.#ffmpeg.kill('SIGKILL');
    await gone;
  }

  #take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (; this.#bytes.length >= pictureBytes; this.#bytes = this.#bytes.subarray(pictureBytes)) {
      const picture = this.#bytes.subarray(0, pictureBytes);
      const mean = picture.reduce((sum, value) => sum + value, 0) / pictureBytes;
      if (mean >= blackBelow) this.#pictures.push(picture.toString('base64'));
    }
  }
}

function describe(port: number, payloadType: number): string {
  return [
    ...['v=0', 'o=- 0 0 IN IP4 127.0.0.1', 's=-', 'c=IN IP4 127.0.0.1', 't=0 0'],
    ...[`m=video ${port} RTP/AVP ${payloadType}`, `a=rtpmap:${payloadType} H264/90000`],
    ...[`a=fmtp:${payloadType} packetization-mode=1`, 'a=rtcp-mux', ''],
  ].join('\r\n');
}

function startFfmpeg(sdp: string): ChildProcess {
  const ffmpeg = spawn(
    'ffmpeg',
    [
      ...[
        '-v',
        'quiet',
        '-protocol_whitelist',
        'pipe,udp,rtp',
        '-fflags',
        'nobuffer',
        '-f',
        'sdp',
        '-i',
        '-',
      ],
      ...['-an', '-vf', `scale=${width}:${height},format=gray`, '-fps_mode', 'passthrough'],
      ...['-f', 'rawvideo', 'pipe:1'],
    ],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  );
  ffmpeg.stdin.end(sdp);
  return ffmpeg;
}
