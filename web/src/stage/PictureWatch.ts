import { Poller } from '../api/poll.ts';

/** What the watch needs to know of a picture, and to do about it. */
export interface WatchedPicture {
  /** Pictures decoded so far. */
  decoded(): Promise<number>;
  /** Whether its sender sends and it is shown. */
  expected(): boolean;
  /** Asks the sfu to send, beginning with a key frame. */
  askAgain(): void;
}

/** Longer than a join takes on a slow machine; asking is cheap, since the sfu asks a sender once a second at most. */
const lookMs = 2_000;

/**
 * Sees to it that a picture begins: as long as none comes that should, the sfu is asked for it again. A request can get
 * lost, and an encoder may leave one unanswered that comes right after another.
 */
export class PictureWatch {
  private readonly picture: WatchedPicture;
  private readonly poller: Poller;
  private before: number | null = null;
  private begun = false;

  constructor(picture: WatchedPicture) {
    this.picture = picture;
    this.poller = new Poller(
      () => this.look(),
      () => (this.begun ? null : lookMs),
    );
    this.poller.poke();
  }

  close(): void {
    this.poller.stop();
  }

  private async look(): Promise<void> {
    // Figures of a consumer that has just been closed can't be had; its watch ends with it.
    const decoded = await this.picture.decoded().catch(() => 0);
    const first = this.before === null;
    this.begun = this.before !== null && decoded > this.before;
    this.before ??= decoded;
    if (!first && !this.begun && this.picture.expected()) this.picture.askAgain();
  }
}
