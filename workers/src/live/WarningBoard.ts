import type { HealthWarning } from '@maydan/contracts';

type Warning = Omit<HealthWarning, 'since'>;

/** The worker's own warnings about a session: each holds from when it came up until it is cleared. */
export class WarningBoard {
  readonly #warnings = new Map<HealthWarning['code'], HealthWarning>();

  /** Raises a warning, or renews its text; the time it came up stays. */
  raise(warning: Warning, at = new Date()): void {
    const since = this.#warnings.get(warning.code)?.since ?? at.toISOString();
    this.#warnings.set(warning.code, { ...warning, message: warning.message.slice(0, 500), since });
  }

  clear(code: HealthWarning['code']): void {
    this.#warnings.delete(code);
  }

  /** Raises the warning while there is one, clears its code else. */
  set(code: HealthWarning['code'], warning: Omit<Warning, 'code'> | null, at = new Date()): void {
    if (warning === null) this.clear(code);
    else this.raise({ code, ...warning }, at);
  }

  get list(): readonly HealthWarning[] {
    return [...this.#warnings.values()];
  }
}
