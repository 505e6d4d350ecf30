import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** What of a received RTP packet matters here. */
export interface RtpPayload {
  readonly sequence: number;
  readonly marker: boolean;
  readonly payload: Buffer;
}

const startCode = Buffer.from([0, 0, 0, 1]);

/** The packets in the order they were sent: one that got lost and was sent again comes late. */
export function inOrder<P extends RtpPayload>(packets: readonly P[]): P[] {
  const first = packets[0]?.sequence ?? 0;
  const offset = ({ sequence }: P): number => ((sequence - first + 0x8000) & 0xffff) - 0x8000;
  return packets.toSorted((a, b) => offset(a) - offset(b));
}

/** Whole pictures from the first key frame on, in the order they were sent. */
export function wholePictures<P extends RtpPayload>(received: readonly P[]): P[] {
  const packets = inOrder(received);
  return packets.slice(keyFrames(packets)[0], packets.findLastIndex(({ marker }) => marker) + 1);
}

/** The H.264 of packets (RFC 6184) as a byte stream. Throws when one is missing. */
export function byteStream(received: readonly RtpPayload[]): Buffer {
  const packets = inOrder(received);
  const pieces: Buffer[] = [];
  for (const [index, { payload, sequence }] of packets.entries()) {
    const before = packets[index - 1]?.sequence;
    if (before !== undefined && sequence !== ((before + 1) & 0xffff)) {
      throw new Error(`packet ${sequence} came after ${before}`);
    }
    pieces.push(...unitsOf(payload));
  }
  return Buffer.concat(pieces);
}

/** The NAL units of packets, without what tells them apart; a start code is in none of them (ITU-T H.264, 7.4.1). */
export function nalUnits(received: readonly RtpPayload[]): Buffer[] {
  const stream = byteStream(received);
  const starts: number[] = [];
  for (let at = stream.indexOf(startCode); at !== -1; at = stream.indexOf(startCode, at + startCode.length)) {
    starts.push(at);
  }
  return starts.map((at, index) => stream.subarray(at + startCode.length, starts[index + 1]));
}

function unitsOf(payload: Buffer): Buffer[] {
  const type = payload.readUInt8(0) & 31;
  if (type < 24) return [startCode, payload];
  if (type === 28) {
    const header = Buffer.from([(payload.readUInt8(0) & 0xe0) | (payload.readUInt8(1) & 31)]);
    const isFirst = (payload.readUInt8(1) & 0x80) !== 0;
    return isFirst ? [startCode, header, payload.subarray(2)] : [payload.subarray(2)];
  }
  if (type !== 24) throw new Error(`payload of type ${type}`);
  const units: Buffer[] = [];
  for (let at = 1; at + 2 < payload.length;) {
    const length = payload.readUInt16BE(at);
    units.push(startCode, payload.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return units;
}

export interface DecodedPictures {
  readonly count: number;
  /** Different ones: a frozen picture has 1. */
  readonly different: number;
  readonly width: number;
  readonly height: number;
}

/** Decodes with ffmpeg, which must not complain. */
export async function decodePictures(stream: Buffer): Promise<DecodedPictures> {
  const strict = ['-err_detect', 'explode', '-xerror'];
  const text = await decode(
    [...strict, '-f', 'h264', '-i', 'pipe:0', '-fps_mode', 'passthrough', '-f', 'framemd5', 'pipe:1'],
    stream,
  );
  const lines = text.toString().split('\n');
  const sums = lines.filter((line) => /^0,/.test(line)).map((line) => line.split(',').at(-1));
  const [, width = 0, height = 0] = /#dimensions 0: (\d+)x(\d+)/.exec(text.toString()) ?? [];
  return { count: sums.length, different: new Set(sums).size, width: Number(width), height: Number(height) };
}

/** Mean brightness of each picture, 0 to 255, in order. */
export async function brightnessOf(stream: Buffer): Promise<number[]> {
  const filter = 'signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-';
  const args = ['-f', 'h264', '-i', 'pipe:0', '-fps_mode', 'passthrough', '-vf', filter, '-f', 'null', '-'];
  const text = (await decode(args, stream)).toString();
  return [...text.matchAll(/YAVG=([\d.]+)/g)].map(([, brightness]) => Number(brightness));
}

/** Index of the first packet of each key frame: one whose parameter sets come first. */
export function keyFrames(packets: readonly RtpPayload[]): number[] {
  const isSps = (payload: Buffer): boolean => {
    const type = payload.readUInt8(0) & 31;
    return type === 7 || (type === 24 && (payload.readUInt8(3) & 31) === 7);
  };
  return packets.flatMap(({ payload }, index) => (isSps(payload) ? [index] : []));
}

async function decode(args: readonly string[], input: Buffer): Promise<Buffer> {
  const command = process.env['FFMPEG_PATH'] ?? 'ffmpeg';
  const child = spawn(command, ['-v', 'error', '-nostdin', ...args], { stdio: 'pipe' });
  const pieces: Buffer[] = [];
  let complaint = '';
  child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
  child.stderr.on('data', (piece: Buffer) => (complaint += piece.toString()));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0 || complaint !== '')
    throw new Error(`ffmpeg ended with ${code}: ${complaint.slice(-2_000)}`);
  return Buffer.concat(pieces);
}
