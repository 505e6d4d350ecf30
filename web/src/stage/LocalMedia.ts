import type { MediaSource } from '@maydan/contracts';
import { mediaProblemOf } from './mediaProblem.ts';
import type { MediaProblem } from './mediaProblem.ts';

/** A source of this device. An `off` one keeps no device busy; a muted microphone stays open, so that it is back at once. */
export interface LocalSource {
  readonly track: MediaStreamTrack | null;
  readonly on: boolean;
}
export interface LocalDevice {
  readonly deviceId: string;
  readonly label: string;
}
export interface LocalMediaState {
  readonly camera: LocalSource;
  readonly microphone: LocalSource;
  readonly screen: LocalSource;
  readonly screenAudio: LocalSource;
  readonly cameras: readonly LocalDevice[];
  readonly microphones: readonly LocalDevice[];
  readonly cameraId: string | null;
  readonly microphoneId: string | null;
  /** Why the last thing that was tried failed, by source. */
  readonly problems: Readonly<Partial<Record<MediaSource, MediaProblem>>>;
}

const off: LocalSource = { track: null, on: false };
export const initialLocalMedia: LocalMediaState = {
  camera: off,
  microphone: off,
  screen: off,
  screenAudio: off,
  cameras: [],
  microphones: [],
  cameraId: null,
  microphoneId: null,
  problems: {},
};

type Capture = 'camera' | 'microphone';

function cameraConstraints(height: number): MediaTrackConstraints {
  return {
    width: { ideal: Math.round((height * 16) / 9) },
    height: { ideal: height },
    frameRate: { ideal: 30, max: 30 },
  };
}
const microphoneConstraints: MediaTrackConstraints = {
  echoCancellation: true,
  noiseSuppression: true,
  autoGainControl: true,
};

const exact = (deviceId: string | null): MediaTrackConstraints =>
  deviceId === null ? {} : { deviceId: { exact: deviceId } };

/** Camera, microphone and screen of this device, as the person chose them; the tracks belong to it. */
export class LocalMedia {
  private readonly subscribers = new Set<() => void>();
  private state: LocalMediaState = initialLocalMedia;
  private readonly cameraHeight: number;
  private closed = false;

  /** `cameraHeight` in pixels, as far as the camera can. */
  constructor(cameraHeight: number) {
    this.cameraHeight = cameraHeight;
    // Not there at all outside of secure contexts.
    mediaDevices()?.addEventListener('devicechange', this.onDeviceChange);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.subscribers.add(listener);
    return () => this.subscribers.delete(listener);
  };
  readonly snapshot = (): LocalMediaState => this.state;

  /** Opens the camera or microphone (again), with the device of that id or any. A failure stands in `problems`. */
  async start(capture: Capture, deviceId: string | null = this.deviceIdOf(capture)): Promise<void> {
    const wanted =
      capture === 'camera'
        ? { video: { ...cameraConstraints(this.cameraHeight), ...exact(deviceId) } }
        : { audio: { ...microphoneConstraints, ...exact(deviceId) } };
    await this.attempt(capture, async (devices) => {
      const [track] = (await devices.getUserMedia(wanted)).getTracks();
      if (!track) return;
      if (this.closed) return track.stop();
      this.replace(capture, track);
      this.set(capture === 'camera' ? { cameraId: idOf(track) } : { microphoneId: idOf(track) });
      // Names of devices are told only to who may use them.
      await this.listDevices();
    });
  }

  /** A camera that is switched off is released, so that its light goes out; a microphone is only muted. */
  async setOn(capture: Capture, on: boolean): Promise<void> {
    const { track } = this.state[capture];
    if (on && track?.readyState !== 'live') return this.start(capture);
    this.set({ [capture]: { track, on } });
    if (!on && capture === 'camera') track?.stop();
  }

  /** Asks for a screen, window or tab to share, with its sound where the browser can. */
  async shareScreen(): Promise<void> {
    await this.attempt('screen', async (devices) => {
      const stream = await devices.getDisplayMedia({ video: { frameRate: { max: 30 } }, audio: true });
      const [video] = stream.getVideoTracks();
      const [audio] = stream.getAudioTracks();
      if (this.closed) return stream.getTracks().forEach((track) => track.stop());
      if (video) {
        // Sharp text rather than smooth movement.
        video.contentHint = 'detail';
        this.replace('screen', video);
      }
      if (audio) this.replace('screenAudio', audio);
    });
  }

  stopScreen(): void {
    for (const source of ['screen', 'screenAudio'] as const) {
      this.state[source].track?.stop();
      this.set({ [source]: off });
    }
  }

  get canShareScreen(): boolean {
    const devices = mediaDevices();
    return devices !== undefined && 'getDisplayMedia' in devices;
  }

  /** Releases every device. */
  close(): void {
    this.closed = true;
    mediaDevices()?.removeEventListener('devicechange', this.onDeviceChange);
    for (const source of ['camera', 'microphone', 'screen', 'screenAudio'] as const) {
      this.state[source].track?.stop();
    }
    this.subscribers.clear();
  }

  private replace(source: MediaSource, track: MediaStreamTrack): void {
    this.state[source].track?.stop();
    track.addEventListener('ended', () => {
      if (this.state[source].track !== track) return;
      if (source === 'screen') this.stopScreen();
      else this.set({ [source]: off });
    });
    this.set({ [source]: { track, on: true } });
  }

  private async attempt(source: MediaSource, work: (devices: MediaDevices) => Promise<void>): Promise<void> {
    const { [source]: _, ...problems } = this.state.problems;
    this.set({ problems });
    const devices = mediaDevices();
    try {
      if (!devices) throw new DOMException('no media devices', 'SecurityError');
      await work(devices);
    } catch (error) {
      const problem = mediaProblemOf(source, error);
      if (problem) this.set({ problems: { ...this.state.problems, [source]: problem } });
    }
  }

  private async listDevices(): Promise<void> {
    const found = (await mediaDevices()?.enumerateDevices()) ?? [];
    const ofKind = (kind: MediaDeviceKind): LocalDevice[] =>
      found
        .filter((device) => device.kind === kind && device.deviceId !== '')
        .map(({ deviceId, label }) => ({ deviceId, label }));
    this.set({ cameras: ofKind('videoinput'), microphones: ofKind('audioinput') });
  }

  private deviceIdOf(capture: Capture): string | null {
    const [id, known] =
      capture === 'camera'
        ? [this.state.cameraId, this.state.cameras]
        : [this.state.microphoneId, this.state.microphones];
    // An unplugged one can't be had again.
    return known.some(({ deviceId }) => deviceId === id) ? id : null;
  }

  private readonly onDeviceChange = (): void => void this.listDevices();

  private set(change: Partial<LocalMediaState>): void {
    if (this.closed) return;
    this.state = { ...this.state, ...change };
    for (const listener of this.subscribers) listener();
  }
}

/** TypeScript takes them for always there; pages that aren't secure contexts have none. */
function mediaDevices(): MediaDevices | undefined {
  return 'mediaDevices' in navigator ? navigator.mediaDevices : undefined;
}

function idOf(track: MediaStreamTrack): string | null {
  return track.getSettings().deviceId ?? null;
}
