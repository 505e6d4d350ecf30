/**
 * A program: publishes by WHIP as OBS does, with OBS's own WebRTC library (libdatachannel), H.264 and Opus of ffmpeg, and
 * OBS's way of taking the answer, its Location included. Arguments: URL of the endpoint, stream key,
 * `beeps` or `tone`. Writes one line of JSON for each thing that happens. SIGTERM ends it as OBS ends: first the connection, then DELETE.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Audio, PeerConnection, Video, type Track } from 'node-datachannel';
import { audioSource, videoSource } from '../publish/testPattern.ts';

const [endpoint = '', streamKey = '', sound = 'beeps'] = process.argv.slice(2);
const pattern = { width: 320, height: 180, frameRate: 15 };
const audioLine = { ssrc: 1_000_001, payloadType: 111 };
const videoLine = { ssrc: 1_000_002, payloadType: 96 };
const say = (event: object): void => void process.stdout.write(`${JSON.stringify(event)}\n`);

/** RTP and RTCP that arrive at a port go into the track. Returns the port. */
async function feed(track: Track): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.on('message', (packet) => {
    if (track.isOpen()) track.sendMessageBinary(packet);
  });
  return socket.address().port;
}

function encode(audioPort: number, videoPort: number): ChildProcess {
  const output = (port: number, { ssrc, payloadType }: typeof audioLine): string[] => [
    ...['-f', 'rtp', '-ssrc', String(ssrc), '-payload_type', String(payloadType)],
    `rtp://127.0.0.1:${port}?rtcpport=${port}&pkt_size=1200`,
  ];
  const args = [
    ...['-v', 'error', '-nostdin', '-re', '-f', 'lavfi', '-i', videoSource(pattern)],
    ...['-re', '-f', 'lavfi', '-i', sound === 'tone' ? 'sine' : audioSource(pattern)],
    ...['-t', '120', '-map', '0:v', '-c:v', 'libx264', '-profile:v', 'baseline', '-preset', 'ultrafast'],
    ...['-tune', 'zerolatency', '-threads', '1', '-g', '15', '-x264-params', 'repeat-headers=1'],
    ...output(videoPort, videoLine),
    ...[
      '-t',
      '120',
      '-map',
      '1:a',
      '-c:a',
      'libopus',
      '-b:a',
      '64k',
      '-ac',
      '2',
      ...output(audioPort, audioLine),
    ],
  ];
  return spawn('ffmpeg', args, { stdio: 'ignore' });
}

function addTracks(connection: PeerConnection): { audio: Track; video: Track } {
  const audio = new Audio('0', 'SendOnly');
  audio.addOpusCodec(audioLine.payloadType);
  audio.addSSRC(audioLine.ssrc, 'cname', 'stream', 'stream-audio');
  const video = new Video('1', 'SendOnly');
  video.addH264Codec(videoLine.payloadType);
  video.addSSRC(videoLine.ssrc, 'cname', 'stream', 'stream-video');
  return { audio: connection.addTrack(audio), video: connection.addTrack(video) };
}

const connection = new PeerConnection('obs', { iceServers: [] });
const tracks = addTracks(connection);
connection.onStateChange((state) => say({ state }));
const gathered = new Promise<void>((resolve) => {
  connection.onGatheringStateChange((state) => {
    if (state === 'complete') resolve();
  });
});
connection.setLocalDescription();
await gathered;
const response = await fetch(endpoint, {
  method: 'POST',
  headers: { authorization: `Bearer ${streamKey}`, 'content-type': 'application/sdp' },
  body: connection.localDescription()?.sdp ?? '',
});
const location = response.headers.get('location') ?? '';
const answer = await response.text();
say({ status: response.status, location });
if (response.status !== 201) process.exit(1);
// As OBS resolves it: what isn't a whole URL takes the place of the endpoint's path.
const resource = location.startsWith('http')
  ? location
  : Object.assign(new URL(endpoint), { pathname: location }).href;
connection.setRemoteDescription(answer, 'answer');
const encoder = encode(await feed(tracks.audio), await feed(tracks.video));
process.on('exit', () => encoder.kill('SIGKILL'));

process.once('SIGTERM', () => void stop());
async function stop(): Promise<void> {
  connection.close();
  const headers = { authorization: `Bearer ${streamKey}` };
  const deleted = await fetch(resource, { method: 'DELETE', headers });
  say({ deleted: deleted.status });
  process.exit(0);
}
