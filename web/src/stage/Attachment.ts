export interface Size {
  readonly width: number;
  readonly height: number;
}

const settleMs = 200;

/** An element in which a producer is shown or heard, and the size in device pixels at which it is. */
export class Attachment {
  readonly element: HTMLMediaElement;
  private readonly onSize: (size: Size) => void;
  private readonly observer: ResizeObserver | null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private size: Size | null = null;

  /** `onSize` is called when the size has settled, and never with an empty one. */
  constructor(element: HTMLMediaElement, onSize: (size: Size) => void) {
    this.element = element;
    this.onSize = onSize;
    this.observer = element instanceof HTMLVideoElement ? new ResizeObserver(() => this.resized()) : null;
    this.observer?.observe(element);
  }

  /** The size as last told, null before the first. */
  get shownSize(): Size | null {
    return this.size;
  }

  /** Resolves to false when the browser wants a gesture before it plays this. */
  async play(track: MediaStreamTrack): Promise<boolean> {
    this.element.srcObject = new MediaStream([track]);
    return this.resume();
  }

  async resume(): Promise<boolean> {
    try {
      await this.element.play();
      return true;
    } catch (error) {
      return !(error instanceof Error && error.name === 'NotAllowedError');
    }
  }

  close(): void {
    clearTimeout(this.timer);
    this.observer?.disconnect();
    this.element.srcObject = null;
  }

  private resized(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const { clientWidth, clientHeight } = this.element;
      const width = Math.min(16_384, Math.round(clientWidth * devicePixelRatio));
      const height = Math.min(16_384, Math.round(clientHeight * devicePixelRatio));
      if (width === 0 || height === 0) return;
      if (this.size?.width === width && this.size.height === height) return;
      this.size = { width, height };
      this.onSize(this.size);
    }, settleMs);
  }
}
