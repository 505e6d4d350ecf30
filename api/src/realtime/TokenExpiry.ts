const warnMs = 60_000;

/** Watches when the access token of one connection expires: warns a minute before, or at once when it is later. */
export class TokenExpiry {
  readonly #expiring: (at: Date) => void;
  readonly #expired: () => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(expiring: (at: Date) => void, expired: () => void) {
    this.#expiring = expiring;
    this.#expired = expired;
  }

  /** In place of what was watched before. */
  watch(expiresAt: Date): void {
    this.close();
    this.#timer = setTimeout(
      () => {
        this.#expiring(expiresAt);
        this.#timer = setTimeout(this.#expired, Math.max(0, expiresAt.getTime() - Date.now()));
      },
      Math.max(0, expiresAt.getTime() - Date.now() - warnMs),
    );
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
