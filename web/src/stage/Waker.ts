/** A rest that can be ended early. */
export class Waker {
  private end: (() => void) | null = null;

  sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.wake(), durationMs);
      this.end = () => {
        clearTimeout(timer);
        this.end = null;
        resolve();
      };
    });
  }

  wake(): void {
    this.end?.();
  }
}
