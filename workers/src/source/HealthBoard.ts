import type { HealthWarning } from '@maydan/contracts';
import type { Warning } from './conditioned.ts';

/** Something that happened is told for this long. */
const toldForMs = 60_000;
const mostWarnings = 20;

/** Keeps warnings with the time since when they hold. */
export class HealthBoard {
  private readonly happened = new Map<string, HealthWarning & { untilMs: number }>();
  private readonly standing = new Map<string, HealthWarning>();

  /** Something happened at `nowMs`. */
  raise(warning: Warning, nowMs: number): void {
    const known = this.happened.get(warning.code);
    const since = known !== undefined && known.untilMs > nowMs ? known.since : new Date(nowMs).toISOString();
    this.happened.set(warning.code, { ...warning, since, untilMs: nowMs + toldForMs });
  }

  /** These, and only these, hold at `nowMs`. True when one came or went. */
  hold(warnings: readonly Warning[], nowMs: number): boolean {
    const codes = new Set<string>(warnings.map((warning) => warning.code));
    const gone = [...this.standing.keys()].filter((code) => !codes.has(code));
    for (const code of gone) this.standing.delete(code);
    let changed = gone.length > 0;
    for (const warning of warnings) {
      const since = this.standing.get(warning.code)?.since;
      changed ||= since === undefined;
      this.standing.set(warning.code, { ...warning, since: since ?? new Date(nowMs).toISOString() });
    }
    return changed;
  }

  list(nowMs: number): HealthWarning[] {
    const recent = [...this.happened.values()].filter(
      (warning) => warning.untilMs > nowMs && !this.standing.has(warning.code),
    );
    const told = recent.map(({ code, owner, message, since }) => ({ code, owner, message, since }));
    return [...this.standing.values(), ...told].slice(0, mostWarnings);
  }
}
