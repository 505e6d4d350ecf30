import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import type { RtpParametersMessage } from '@maydan/contracts';
import { audioSsrc, h264Parameters, opusParameters, videoSsrc, vp8Parameters } from './rtp.ts';
import type { TestClient } from './TestClient.ts';

const input = (source: string): string[] => ['-re', '-f', 'lavfi', '-i', source];

/** A key frame each second, and nobody can ask for more: ffmpeg takes no RTCP feedback. */
const videoCodecs = {
  /** As from RTMP: who comes once the sfu keeps a group of pictures begins with that, and no wish for key frames reaches the sender. */
  h264: {
    rtpParameters: h264Parameters(),
    args: [
      ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency'],
      ...['-profile:v', 'baseline', '-pix_fmt', 'yuv420p', '-g', '15', '-b:v', '200k', '-threads', '1'],
    ],
  },
  /** Whoever comes receives the stream itself, and the sfu asks for key frames. */
  vp8: {
    rtpParameters: vp8Parameters(),
    args: [
      ...['-c:v', 'libvpx', '-deadline', 'realtime', '-cpu-used', '8', '-lag-in-frames', '0'],
      ...['-pix_fmt', 'yuv420p', '-g', '15', '-b:v', '200k', '-threads', '1'],
    ],
  },
};
export type SentCodec = keyof typeof videoCodecs;

/** What an encoder sends: a moving picture and a tone, by ffmpeg over plain transports of an `ingress` peer. */
export class RtpSource {
  readonly videoId: string;
  readonly audioId: string;
  readonly #ffmpeg: ChildProcess;
  readonly #rtcp: Socket;

  static async start(client: TestClient, codec: SentCodec = 'h264'): Promise<RtpSource> {
    // ffmpeg sends RTCP from a port of its own, and first: mediasoup would take that for the sender's address.
    const rtcp = createSocket('udp4');
    rtcp.bind(0, '127.0.0.1');
    await once(rtcp, 'listening');
    const rtcpPort = rtcp.address().port;
    const [video, audio] = await Promise.all([
      send(client, videoCodecs[codec].rtpParameters, rtcpPort),
      send(client, opusParameters(), rtcpPort),
    ]);
    const ffmpeg = spawn(
      'ffmpeg',
      [
        ...['-v', 'error', '-nostdin'],
        ...input('testsrc2=size=320x180:rate=15'),
        ...input('sine=frequency=440:sample_rate=48000'),
        ...['-map', '0:v', ...videoCodecs[codec].args],
        ...['-ssrc', String(videoSsrc), '-payload_type', String(video.payloadType), '-f', 'rtp', video.url],
        ...['-map', '1:a', '-c:a', 'libopus', '-b:a', '32k', '-ac', '2'],
        ...['-ssrc', String(audioSsrc), '-payload_type', String(audio.payloadType), '-f', 'rtp', audio.url],
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
  rtpParameters: RtpParametersMessage,
  rtcpPort: number,
): Promise<{ producerId: string; payloadType: number; url: string }> {
  const transport = await client.request('transport.createPlain', { direction: 'send', remote: null });
  const { mimeType, payloadType } = rtpParameters.codecs[0]!;
  const isSound = mimeType.startsWith('audio/');
  const { producerId } = await client.request('producer.create', {
    transportId: transport.transportId,
    kind: isSound ? 'audio' : 'video',
    source: isSound ? 'microphone' : 'camera',
    rtpParameters,
  });
  const { ip, port } = transport;
  return { producerId, payloadType, url: `rtp://${ip}:${port}?rtcpport=${rtcpPort}&pkt_size=1200` };
}
