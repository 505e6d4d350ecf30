/** So long somebody counts whose player stands still: who only pauses for a moment goes on watching. */
const patienceMs = 30_000;

/**
 * Whether somebody watches. A player that is paused, or waits for a gesture, shows nobody anything: after a while its viewer
 * doesn't count, until it goes on. One that is muted, or in a tab that isn't seen, plays.
 */
export class Attendance {
  private readonly onChange: (isThere: boolean) => void;
  private readonly patienceMs: number;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isThere = true;

  constructor(onChange: (isThere: boolean) => void, waitMs = patienceMs) {
    this.onChange = onChange;
    this.patienceMs = waitMs;
  }

  set(isStill: boolean): void {
    if (isStill) this.timer ??= setTimeout(() => this.change(false), this.patienceMs);
    else this.change(true);
  }

  close(): void {
    clearTimeout(this.timer);
  }

  private change(isThere: boolean): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (isThere === this.isThere) return;
    this.isThere = isThere;
    this.onChange(isThere);
  }
}
