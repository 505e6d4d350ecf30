/// <reference lib="dom" />
import type { Page } from 'playwright-core';

/** What a client of WHIP or WHEP got for its POST. */
export interface Posted {
  readonly status: number;
  /** Absolute, empty without `Location`. */
  readonly location: string;
  readonly etag: string;
  readonly link: string;
  readonly retryAfter: string;
  readonly contentType: string;
  readonly body: string;
}

export interface PostOptions {
  readonly url: string;
  readonly token: string;
  /** Only these codecs are offered for video, for example `H264`. */
  readonly videoCodec?: string;
  /** RIDs of simulcast, largest picture first; below 640 × 360 Chromium sends one layer whatever is said. */
  readonly rids?: readonly string[];
  /** Of the camera; 320 unless said. */
  readonly width?: number;
  /** The answer's candidates that are taken. */
  readonly candidates?: 'tcp' | 'all';
  /** Takes the place of the port in the answer's candidates. */
  readonly candidatePort?: number;
  /** Candidates are sent by PATCH rather than in the offer. */
  readonly trickle?: boolean;
}

export interface Received {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly videoCodec: string;
  readonly videoSsrcs: number;
  readonly audioEnergy: number;
  readonly audioPackets: number;
  readonly videoPackets: number;
  /** Those that never came, not even when they were asked for again. */
  readonly videoPacketsLost: number;
  /** How often packets were asked for again. */
  readonly videoNacks: number;
  /** Pictures that differ, of the last ones drawn. */
  readonly pictures: number;
}

interface Client {
  readonly pc: RTCPeerConnection;
  readonly pictures: Set<string>;
}

declare global {
  interface Window {
    maydanClients?: Record<string, Client>;
  }
}

/**
 * A plain RTCPeerConnection in a page, driven by hand through the steps of WHIP and WHEP: nothing of ours but fetch. Each
 * client has a name within its page.
 */
export class WhipPage {
  readonly page: Page;

  /** `page` must be in a secure context (localhost is). */
  constructor(page: Page) {
    this.page = page;
  }

  /** Camera and microphone (fake devices) by WHIP. */
  publish(name: string, options: PostOptions): Promise<Posted> {
    return this.page.evaluate(post, { name, way: 'sendonly' as const, ...options });
  }

  /** By WHEP. */
  play(name: string, options: PostOptions): Promise<Posted> {
    return this.page.evaluate(post, { name, way: 'recvonly' as const, ...options });
  }

  state(name: string): Promise<string> {
    return this.page.evaluate((of) => window.maydanClients?.[of]?.pc.connectionState ?? 'none', name);
  }

  /** The offer of a client that was or wasn't taken. */
  offer(name: string): Promise<string> {
    return this.page.evaluate((of) => window.maydanClients?.[of]?.pc.localDescription?.sdp ?? '', name);
  }

  close(name: string): Promise<void> {
    return this.page.evaluate((of) => window.maydanClients?.[of]?.pc.close(), name);
  }

  /** The end by DELETE, as a page does it. */
  async delete(location: string, token: string): Promise<void> {
    const status = await this.page.evaluate(
      async (target) => {
        const headers = { authorization: `Bearer ${target.token}` };
        return (await fetch(target.location, { method: 'DELETE', headers })).status;
      },
      { location, token },
    );
    if (status !== 200) throw new Error(`DELETE was answered with ${status}`);
  }

  /** PATCH with new ICE credentials; the answer is applied. Returns the status and the new entity tag. */
  restartIce(name: string, location: string, token: string): Promise<{ status: number; etag: string }> {
    return this.page.evaluate(restartIce, { name, location, token });
  }

  received(name: string): Promise<Received> {
    return this.page.evaluate(received, name);
  }

  /** Answers to checks of ICE (RFC 7675: consent to send) that came so far. */
  consents(name: string): Promise<number> {
    return this.page.evaluate(async (of) => {
      let answers = 0;
      const report = await window.maydanClients?.[of]?.pc.getStats();
      report?.forEach((stat: { type: string; responsesReceived?: number }) => {
        if (stat.type === 'candidate-pair') answers += stat.responsesReceived ?? 0;
      });
      return answers;
    }, name);
  }

  /** Frames sent for each RID (or `''`). */
  sent(name: string): Promise<Record<string, number>> {
    return this.page.evaluate(async (of) => {
      const frames: Record<string, number> = {};
      const report = await window.maydanClients?.[of]?.pc.getStats();
      report?.forEach((stat: { type: string; kind?: string; rid?: string; framesSent?: number }) => {
        if (stat.type === 'outbound-rtp' && stat.kind === 'video')
          frames[stat.rid ?? ''] = stat.framesSent ?? 0;
      });
      return frames;
    }, name);
  }
}

interface PagePost extends PostOptions {
  readonly name: string;
  readonly way: 'sendonly' | 'recvonly';
}

/** Runs inside the page, so it may use nothing from outside itself. */
async function post(options: PagePost): Promise<Posted> {
  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const pictures = new Set<string>();
  window.maydanClients = { ...window.maydanClients, [options.name]: { pc, pictures } };
  if (options.way === 'sendonly') {
    const devices = navigator.mediaDevices;
    const width = options.width ?? 320;
    const video = { width, height: (width * 9) / 16, frameRate: 15 };
    const media = await devices.getUserMedia({ audio: true, video });
    for (const track of media.getTracks()) {
      const rids = track.kind === 'video' ? (options.rids ?? []) : [];
      const sendEncodings = rids.map((rid, index) => ({ rid, scaleResolutionDownBy: 2 ** index }));
      pc.addTransceiver(track, { direction: 'sendonly', streams: [media], sendEncodings });
    }
  } else {
    pc.addTransceiver('audio', { direction: 'recvonly' });
    pc.addTransceiver('video', { direction: 'recvonly' });
    const element = document.createElement('video');
    const stream = new MediaStream();
    element.srcObject = stream;
    document.body.append(element);
    pc.addEventListener('track', ({ track }) => {
      stream.addTrack(track);
      element.play().catch(() => undefined);
    });
    const canvas = new OffscreenCanvas(16, 9);
    const painter = canvas.getContext('2d', { willReadFrequently: true });
    const onFrame = (): void => {
      element.requestVideoFrameCallback(onFrame);
      painter?.drawImage(element, 0, 0, 16, 9);
      const data = painter?.getImageData(0, 0, 16, 9).data ?? [];
      if (pictures.size > 100) pictures.clear();
      pictures.add(Array.from(data, (value) => String.fromCharCode(65 + (value >> 3))).join(''));
    };
    element.requestVideoFrameCallback(onFrame);
  }
  const codec = options.videoCodec;
  if (codec !== undefined) {
    const known = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
    const wanted = known.filter(({ mimeType }) => mimeType === `video/${codec}` || mimeType === 'video/rtx');
    const line = pc.getTransceivers().find(({ receiver }) => receiver.track.kind === 'video');
    line?.setCodecPreferences(wanted);
  }
  const gathered: RTCIceCandidate[] = [];
  const isGathered = new Promise<void>((resolve) => {
    pc.addEventListener('icecandidate', ({ candidate }) => {
      if (candidate === null) resolve();
      else gathered.push(candidate);
    });
  });
  await pc.setLocalDescription();
  const early = pc.localDescription?.sdp ?? '';
  await isGathered;
  const offer = options.trickle === true ? early.replace(/a=candidate.*\r\n/g, '') : pc.localDescription?.sdp;
  const authorization = `Bearer ${options.token}`;
  const response = await fetch(options.url, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/sdp' },
    body: offer ?? '',
  });
  const header = (name: string): string => response.headers.get(name) ?? '';
  const body = await response.text();
  const posted = {
    status: response.status,
    location: header('location') === '' ? '' : new URL(header('location'), response.url).href,
    etag: header('etag'),
    link: header('link'),
    retryAfter: header('retry-after'),
    contentType: header('content-type'),
    body,
  };
  if (response.status !== 201) return posted;
  const { candidates, candidatePort } = options;
  let sdp = body;
  if (candidates === 'tcp') sdp = sdp.replace(/a=candidate:\S+ 1 udp .*\r\n/g, '');
  if (candidatePort !== undefined) {
    if (candidates !== 'tcp') sdp = sdp.replace(/a=candidate:\S+ 1 tcp .*\r\n/g, '');
    sdp = sdp.replace(/(a=candidate:\S+ 1 (?:udp|tcp) \d+) \S+ \d+/g, `$1 127.0.0.1 ${candidatePort}`);
  }
  await pc.setRemoteDescription({ type: 'answer', sdp });
  if (options.trickle === true) {
    const [ufrag] = /a=ice-ufrag:.*/.exec(early) ?? [''];
    const [pwd] = /a=ice-pwd:.*/.exec(early) ?? [''];
    const lines = gathered.map(({ candidate }) => `a=${candidate}`);
    const fragment = [
      ufrag,
      pwd,
      'm=audio 9 UDP/TLS/RTP/SAVPF 0',
      'a=mid:0',
      ...lines,
      'a=end-of-candidates',
      '',
    ];
    const patched = await fetch(posted.location, {
      method: 'PATCH',
      headers: { authorization, 'content-type': 'application/trickle-ice-sdpfrag', 'if-match': posted.etag },
      body: fragment.map((line) => line.trim()).join('\r\n'),
    });
    if (patched.status !== 204) throw new Error(`trickle was answered with ${patched.status}`);
  }
  return posted;
}

/** Runs inside the page. */
async function restartIce(options: {
  name: string;
  location: string;
  token: string;
}): Promise<{ status: number; etag: string }> {
  const pc = window.maydanClients?.[options.name]?.pc;
  const answer = pc?.currentRemoteDescription?.sdp;
  if (pc === undefined || answer === undefined) throw new Error('no such client');
  pc.restartIce();
  await pc.setLocalDescription(await pc.createOffer({ iceRestart: true }));
  const offer = pc.localDescription?.sdp ?? '';
  const [ufrag] = /a=ice-ufrag:.*/.exec(offer) ?? [''];
  const [pwd] = /a=ice-pwd:.*/.exec(offer) ?? [''];
  const response = await fetch(options.location, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${options.token}`,
      'content-type': 'application/trickle-ice-sdpfrag',
      'if-match': '*',
    },
    body: [ufrag.trim(), pwd.trim(), ''].join('\r\n'),
  });
  const fragment = await response.text();
  const etag = response.headers.get('etag') ?? '';
  if (response.status !== 200) return { status: response.status, etag };
  const newUfrag = /a=ice-ufrag:(.*)/.exec(fragment)?.[1]?.trim() ?? '';
  const newPwd = /a=ice-pwd:(.*)/.exec(fragment)?.[1]?.trim() ?? '';
  const sdp = answer
    .replace(/a=ice-ufrag:.*\r\n/g, `a=ice-ufrag:${newUfrag}\r\n`)
    .replace(/a=ice-pwd:.*\r\n/g, `a=ice-pwd:${newPwd}\r\n`);
  await pc.setRemoteDescription({ type: 'answer', sdp });
  return { status: response.status, etag };
}

/** Runs inside the page. */
async function received(name: string): Promise<Received> {
  interface Stat {
    id: string;
    type: string;
    kind?: string;
    ssrc?: number;
    framesDecoded?: number;
    frameWidth?: number;
    frameHeight?: number;
    codecId?: string;
    mimeType?: string;
    totalAudioEnergy?: number;
    packetsReceived?: number;
    packetsLost?: number;
    nackCount?: number;
  }
  const client = window.maydanClients?.[name];
  const stats: Stat[] = [];
  (await client?.pc.getStats())?.forEach((stat: Stat) => stats.push(stat));
  const inbound = stats.filter(({ type }) => type === 'inbound-rtp');
  const newest = (kind: string): Stat | undefined =>
    inbound.filter((stat) => stat.kind === kind && (stat.packetsReceived ?? 0) > 0).at(-1);
  const video = newest('video');
  const audio = newest('audio');
  return {
    frames: video?.framesDecoded ?? 0,
    width: video?.frameWidth ?? 0,
    height: video?.frameHeight ?? 0,
    videoCodec: stats.find(({ id }) => id === video?.codecId)?.mimeType ?? '',
    videoSsrcs: inbound.filter(({ kind }) => kind === 'video').length,
    audioEnergy: audio?.totalAudioEnergy ?? 0,
    audioPackets: audio?.packetsReceived ?? 0,
    videoPackets: video?.packetsReceived ?? 0,
    videoPacketsLost: video?.packetsLost ?? 0,
    videoNacks: video?.nackCount ?? 0,
    pictures: client?.pictures.size ?? 0,
  };
}
