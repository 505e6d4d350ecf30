import type { Fault } from './engine.ts';
import { planRecovery, recoveredAfterMs } from './recovery.ts';
import type { RecoveryAction } from './recovery.ts';

/** Runs the recovery plan: one attempt at a time, until playback moves again. */
export class RecoveryLoop {
  private readonly act: (action: RecoveryAction) => void;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private movingSinceMs: number | null = null;
  private lastFault: Fault | null = null;
  private active = false;
  private count = 0;
  private total = 0;

  constructor(act: (action: RecoveryAction) => void) {
    this.act = act;
  }

  /** From the first fault until playback moves again. */
  get recovering(): boolean {
    return this.active;
  }

  /** No attempt is due any more: what was tried has brought back playback, or hasn't. */
  get idle(): boolean {
    return this.timer === undefined && this.lastFault?.kind !== 'unsupported';
  }

  /** Faults in a row without lasting playback in between. */
  get attempts(): number {
    return this.count;
  }

  get totalFaults(): number {
    return this.total;
  }

  get fault(): Fault | null {
    return this.lastFault;
  }

  failed(fault: Fault): void {
    this.lastFault = fault;
    this.total += 1;
    this.active = true;
    this.movingSinceMs = null;
    this.cancel();
    const plan = planRecovery(fault.kind, this.count, Math.random());
    this.count += 1;
    if (!plan) return;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.act(plan.action);
    }, plan.delayMs);
  }

  /** Called while playback moves. */
  progressed(nowMs: number): void {
    this.active = false;
    this.movingSinceMs ??= nowMs;
    if (nowMs - this.movingSinceMs >= recoveredAfterMs) this.count = 0;
  }

  /** The viewer asked for another attempt. */
  retryNow(): void {
    this.cancel();
    this.act('reopen');
  }

  reset(): void {
    this.cancel();
    this.active = false;
    this.count = 0;
    this.lastFault = null;
    this.movingSinceMs = null;
  }

  private cancel(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }
}
