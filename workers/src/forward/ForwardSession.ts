import { LevelMeter, mintRelayToken, type Logger } from '@maydan/common';
import type { ControlDocument, JobData } from '@maydan/contracts';
import { ControlWatcher } from '../live/ControlWatcher.ts';
import { SharedWarnings } from '../live/SharedWarnings.ts';
import { Wake } from '../live/Wake.ts';
import { WarningBoard } from '../live/WarningBoard.ts';
import { pictureIgnored } from '../source/pictureIgnored.ts';
import type { RoomRun, RunOutcome } from '../sfu/RoomWorker.ts';
import type { ForwardDeps } from './ForwardDeps.ts';
import { ForwardRoom } from './ForwardRoom.ts';
import { ForwardSource } from './ForwardSource.ts';
import { forwardGoal, type ForwardGoal } from './forwardGoal.ts';
import { OpusEncoder } from './OpusEncoder.ts';
import { PicturePath } from './PicturePath.ts';
import type { Unsafe } from './webRtcSafety.ts';

const lookMs = 1_000;
const retry = { firstMs: 100, longestMs: 1_000 };
const warnEveryMs = 2_000;

/**
 * Brings a session's RTMP source into its room for as long as the session lasts: picture and sound of each connection in
 * turn, on one clock, in one peer of the sfu.
 */
export class ForwardSession implements RoomRun {
  readonly finished: Promise<RunOutcome>;
  readonly #deps: ForwardDeps;
  readonly #data: JobData<'live.forward'>;
  readonly #log: Logger;
  readonly #wake = new Wake();
  readonly #originMs = Date.now();
  readonly #board = new WarningBoard();
  readonly #shared: SharedWarnings;
  readonly #picture: PicturePath;
  readonly #sound: OpusEncoder;
  readonly #meter: LevelMeter;
  readonly #room: ForwardRoom;
  #control: ControlDocument | null = null;
  #source: ForwardSource | null = null;
  #isLeaving = false;
  #lastTimeMs = 0;

  constructor(deps: ForwardDeps, data: JobData<'live.forward'>, log: Logger) {
    this.#deps = deps;
    this.#data = data;
    this.#log = log.child({ sessionId: data.sessionId });
    this.#shared = new SharedWarnings(deps.redis, data.sessionId, this.#log);
    const ffmpegPath = deps.config.FFMPEG_PATH;
    this.#room = new ForwardRoom({
      join: {
        redis: deps.redis,
        secret: deps.config.INTERNAL_SECRET,
        sessionId: data.sessionId,
        sessionType: data.sessionType ?? 'video',
        role: 'ingress',
        log: this.#log,
      },
      captureMs: () => this.#source?.captureMsAt(Date.now()) ?? null,
      onAudience: (viewers) => this.#picture.setViewers(viewers),
      onPictureWanted: () => this.#picture.sendGroupAgain(),
    });
    this.#picture = new PicturePath({
      ffmpegPath,
      admission: deps.admission,
      log: this.#log,
      send: (units, sets, timeMs) => this.#room.sendPicture(units, sets, timeMs),
      onVerdict: (unsafe) => this.#onVerdict(unsafe),
      onCapacity: (isMissing) => this.#onCapacity(isMissing),
    });
    this.#sound = new OpusEncoder({ ffmpegPath, log: this.#log });
    this.#meter = new LevelMeter(this.#log);
    this.#sound.on('frame', ({ data: frame, timeMs }) =>
      this.#room.sendSound(frame, timeMs, this.#meter.levelOf(frame)),
    );
    this.finished = this.#run();
  }

  get sessionId(): string {
    return this.#data.sessionId;
  }

  get isTranscoding(): boolean {
    return this.#picture.isTranscoding;
  }

  get isInRoom(): boolean {
    return this.#room.isJoined;
  }

  /** Stops in order and leaves the session to another run. */
  leave(): void {
    this.#isLeaving = true;
    this.#wake.call();
  }

  async #run(): Promise<RunOutcome> {
    const { redis, control: channel } = this.#deps;
    const onChange = (document: ControlDocument): void => {
      this.#control = document;
      this.#wake.call();
    };
    const { sessionId } = this.#data;
    const watcher = await ControlWatcher.create({ sessionId, redis, channel, log: this.#log, onChange });
    const warnings = setInterval(() => void this.#shared.write('forward', this.#board.list), warnEveryMs);
    try {
      return await this.#follow();
    } finally {
      watcher.close();
      clearInterval(warnings);
      this.#source?.close();
      await Promise.all([this.#picture.close(), this.#sound.close(), this.#room.close()]);
      this.#meter.close();
      await this.#shared.write('forward', []);
    }
  }

  async #follow(): Promise<RunOutcome> {
    for (;;) {
      if (this.#isLeaving) return 'left';
      const goal = this.#goal();
      if (goal.type === 'end') return 'ended';
      this.#room.want(goal.type !== 'rest');
      if (goal.type === 'forward') await this.#forward(goal);
      else await this.#wake.sleep(lookMs);
    }
  }

  #goal(): ForwardGoal {
    return forwardGoal(this.#control, Date.now(), Date.now() - this.#originMs);
  }

  #wants({ relayUrl }: Extract<ForwardGoal, { type: 'forward' }>): boolean {
    if (this.#isLeaving) return false;
    const goal = this.#goal();
    return goal.type === 'forward' && goal.relayUrl === relayUrl;
  }

  /** Connects to one relay again and again, as long as it is the one that is wanted. */
  async #forward(goal: Extract<ForwardGoal, { type: 'forward' }>): Promise<void> {
    let delayMs = retry.firstMs;
    while (this.#wants(goal)) {
      const hadMedia = await this.#connectOnce(goal);
      delayMs = hadMedia ? retry.firstMs : Math.min(retry.longestMs, delayMs * 2);
      if (this.#wants(goal)) await this.#wake.sleep(delayMs);
    }
  }

  /** True when there was media. */
  async #connectOnce(goal: Extract<ForwardGoal, { type: 'forward' }>): Promise<boolean> {
    const { relayUrl } = goal;
    const source = this.#open(relayUrl);
    let isOver = false;
    let hadMedia = false;
    source.once('picture', () => (hadMedia = true));
    source.once('sound', () => (hadMedia = true));
    source.once('ended', (end) => {
      isOver = true;
      this.#log.info({ relayUrl, ...end }, 'source of the forward ended');
      this.#wake.call();
    });
    source.start();
    while (!isOver) {
      await this.#wake.sleep(lookMs);
      this.#room.tidy();
      if (!this.#wants(goal)) source.close();
    }
    this.#source = null;
    this.#board.clear('pictureIgnored');
    this.#picture.reset();
    return hadMedia;
  }

  #open(relayUrl: string): ForwardSource {
    const { pathname } = new URL(relayUrl);
    const source = new ForwardSource({
      relayUrl,
      mintToken: () => mintRelayToken(this.#deps.config.INTERNAL_SECRET, pathname),
      originMs: this.#originMs,
      notBeforeMs: this.#lastTimeMs + 1,
    });
    source.on('picture', (frame) => {
      if (this.#data.sessionType === 'audio') return this.#board.raise(pictureIgnored);
      this.#lastTimeMs = Math.max(this.#lastTimeMs, frame.timeMs + frame.compositionMs);
      this.#room.offer('video');
      this.#picture.push(frame);
    });
    source.on('sound', (frame) => {
      this.#lastTimeMs = Math.max(this.#lastTimeMs, frame.timeMs);
      this.#room.offer('audio');
      this.#sound.push(frame);
    });
    source.on('unsupported', (kind, codec) => this.#log.info({ kind, codec }, 'track can not be forwarded'));
    this.#source = source;
    return source;
  }

  #onVerdict(unsafe: Unsafe | null): void {
    this.#log.info({ code: unsafe?.code ?? null, reason: unsafe?.reason }, 'verdict on the picture');
    for (const code of ['bFrames', 'notWebRtcSafe'] as const) {
      this.#board.set(code, unsafe?.code === code ? { owner: 'source', message: unsafe.reason } : null);
    }
    void this.#shared.write('forward', this.#board.list);
  }

  #onCapacity(isMissing: boolean): void {
    const message =
      'Sub-second viewers get no picture: it would have to be encoded anew, and all processor cores are taken.';
    this.#board.set('waitingForCapacity', isMissing ? { owner: 'internal', message } : null);
  }
}
