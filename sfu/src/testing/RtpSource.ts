import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { audioSsrc, h264Parameters, opusParameters, videoSsrc } from './rtp.ts';
import type { TestClient } from './TestClient.ts';

const input = (source: string): string[] => ['-re', '-f', 'lavfi', '-i', source];

/** What an encoder sends: a moving picture and a tone, by ffmpeg over plain transports of an `ingress` peer. */
export class RtpSource {
  readonly videoId: string;
  readonly audioId: string;
  readonly #ffmpeg: ChildProcess;
  readonly #rtcp: Socket;

  static async start(client: TestClient): Promise<RtpSource> {
    // ffmpeg sends RTCP from a port of its own, and first: mediasoup would take that for the sender's address.
    const rtcp = createSocket('udp4');
    rtcp.bind(0, '127.0.0.1');
    await once(rtcp, 'listening');
    const rtcpPort = rtcp.address().port;
    const [video, audio] = await Promise.all([
      send(client, 'video', rtcpPort),
      send(client, 'audio', rtcpPort),
    ]);
    const ffmpeg = spawn(
      'ffmpeg',
      [
        ...['-v', 'error', '-nostdin'],
        ...input('testsrc2=size=320x180:rate=15'),
        ...input('sine=frequency=440:sample_rate=48000'),
        ...['-map', '0:v', '-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency'],
        ...['-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-g', '15', '-b:v', '200k', '-threads', '1'],
        ...['-ssrc', String(videoSsrc), '-payload_type', '102', '-f', 'rtp', video.url],
        ...['-map', '1:a', '-c:a', 'libopus', '-b:a', '32k', '-ac', '2'],
        ...['-ssrc', String(audioSsrc), '-payload_type', '111', '-f', 'rtp', audio.url],
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    );
    return new RtpSource(ffmpeg, rtcp, video.producerId, audio.producerId);
  }

  private constructor(ffmpeg: ChildProcess, rtcp: Socket, videoId: string, audioId: string) {
    this.#ffmpeg = ffmpeg;
    this.#rtcp = rtcp;
    this.videoId = videoId;
    this.audioId = audioId;
  }

  async close(): Promise<void> {
    if (this.#ffmpeg.exitCode !== null || this.#ffmpeg.signalCode !== null) return;
    const gone = once(this.#ffmpeg, 'exit');
    this.#ffmpeg.kill('SIGKILL');
    await gone;
    this.#rtcp.close();
  }
}

async function send(
  client: TestClient,
  kind: 'audio' | 'video',
  rtcpPort: number,
): Promise<{ producerId: string; url: string }> {
  const transport = await client.request('transport.createPlain', { direction: 'send', remote: null });
  const { producerId } = await client.request('producer.create', {
    transportId: transport.transportId,
    kind,
    source: kind === 'audio' ? 'microphone' : 'camera',
    rtpParameters: kind === 'audio' ? opusParameters() : h264Parameters(),
  });
  const { ip, port } = transport;
  return { producerId, url: `rtp://${ip}:${port}?rtcpport=${rtcpPort}&pkt_size=1200` };
}
