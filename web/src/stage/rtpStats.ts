/** What one producer or consumer sends or receives, summed over its layers. Units stand in the names. */
export interface RtpFigures {
  readonly atMs: number;
  readonly bytes: number;
  readonly packets: number;
  readonly packetsLost: number;
  /** Since the previous figures; null the first time. */
  readonly bitrateBps: number | null;
  /** Share of packets lost since the previous figures, 0 to 1; for what is sent, as the other side tells it. */
  readonly lossRatio: number | null;
  readonly roundTripMs: number | null;
  readonly jitterMs: number | null;
  readonly frameRate: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly frames: number;
  readonly framesDropped: number;
  readonly freezes: number;
  /** Of the last moment, 0 to 1; null for video. */
  readonly audioLevel: number | null;
  /** Why the browser sends less than it could: `cpu`, `bandwidth`, or null. */
  readonly limitedBy: string | null;
  readonly codec: string | null;
}

const numbers = [
  'timestamp',
  'bytesSent',
  'bytesReceived',
  'packetsSent',
  'packetsReceived',
  'packetsLost',
  'roundTripTime',
  'currentRoundTripTime',
  'jitter',
  'framesPerSecond',
  'frameWidth',
  'frameHeight',
  'framesEncoded',
  'framesDecoded',
  'framesDropped',
  'freezeCount',
  'audioLevel',
] as const;
const texts = ['type', 'qualityLimitationReason', 'mimeType'] as const;
type Entry = Readonly<
  Partial<Record<(typeof numbers)[number], number> & Record<(typeof texts)[number], string>>
> & { readonly nominated: boolean };

/** Browsers differ in what they tell: whatever isn't of the right type counts as not told. */
function readEntry(raw: unknown): Entry {
  const fields: Record<string, unknown> = typeof raw === 'object' && raw !== null ? { ...raw } : {};
  const known = [
    ...numbers.filter((name) => typeof fields[name] === 'number'),
    ...texts.filter((name) => typeof fields[name] === 'string'),
  ].map((name) => [name, fields[name]]);
  return { ...(Object.fromEntries(known) as Partial<Entry>), nominated: fields['nominated'] === true };
}

const sum = (entries: readonly Entry[], read: (entry: Entry) => number | undefined): number =>
  entries.reduce((total, entry) => total + (read(entry) ?? 0), 0);

function largest(entries: readonly Entry[], read: (entry: Entry) => number | undefined): number | null {
  const values = entries.map(read).filter((value) => value !== undefined);
  return values.length === 0 ? null : Math.max(...values);
}
const inMs = (sec: number | null): number | null => (sec === null ? null : Math.round(sec * 1000));

/** Reads a report of `getStats()`. `previous` are the figures of the same sender or receiver, for rates. */
export function readRtpStats(report: readonly unknown[], previous: RtpFigures | null): RtpFigures {
  const entries = report.map(readEntry);
  const ofType = (...types: string[]): Entry[] => entries.filter(({ type = '' }) => types.includes(type));
  const streams = ofType('outbound-rtp', 'inbound-rtp');
  // What the other side lost is told in its reports; what we lost we know.
  const remote = ofType('remote-inbound-rtp');
  const losses = remote.length > 0 ? remote : ofType('inbound-rtp');
  const sources = [...ofType('inbound-rtp'), ...ofType('media-source')];
  const bytes = sum(streams, ({ bytesSent, bytesReceived }) => bytesSent ?? bytesReceived);
  const packets = sum(streams, ({ packetsSent, packetsReceived }) => packetsSent ?? packetsReceived);
  const packetsLost = sum(losses, (entry) => entry.packetsLost);
  const atMs = largest(streams, ({ timestamp }) => timestamp) ?? 0;
  const pair = ofType('candidate-pair').filter(({ nominated }) => nominated);
  const roundTripSec =
    largest(remote, (entry) => entry.roundTripTime) ?? largest(pair, (entry) => entry.currentRoundTripTime);
  return {
    atMs,
    bytes,
    packets,
    packetsLost,
    bitrateBps: rateOf(bytes, atMs, previous),
    lossRatio: lossOf(packets, packetsLost, previous),
    roundTripMs: inMs(roundTripSec),
    jitterMs: inMs(largest(losses, (entry) => entry.jitter)),
    frameRate: largest(streams, (entry) => entry.framesPerSecond),
    width: largest(streams, (entry) => entry.frameWidth),
    height: largest(streams, (entry) => entry.frameHeight),
    frames: Math.max(0, ...streams.map((entry) => entry.framesEncoded ?? entry.framesDecoded ?? 0)),
    framesDropped: sum(streams, (entry) => entry.framesDropped),
    freezes: sum(streams, (entry) => entry.freezeCount),
    audioLevel: largest(sources, (entry) => entry.audioLevel),
    limitedBy:
      streams.map((entry) => entry.qualityLimitationReason).find((reason) => reason && reason !== 'none') ??
      null,
    codec: ofType('codec')[0]?.mimeType ?? null,
  };
}

function rateOf(bytes: number, atMs: number, previous: RtpFigures | null): number | null {
  if (!previous || atMs <= previous.atMs || bytes < previous.bytes) return null;
  return Math.round(((bytes - previous.bytes) * 8_000) / (atMs - previous.atMs));
}

function lossOf(packets: number, lost: number, previous: RtpFigures | null): number | null {
  if (!previous) return null;
  const nowLost = Math.max(0, lost - previous.packetsLost);
  const nowSent = packets - previous.packets + nowLost;
  return nowSent <= 0 ? null : nowLost / nowSent;
}
