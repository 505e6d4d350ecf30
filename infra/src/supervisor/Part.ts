import { EventEmitter } from 'node:events';
import { describeExit } from '../process/ManagedProcess.ts';
import type { ProcessExit } from '../process/ManagedProcess.ts';

/** What a part is while it runs: a server or service process that answers. */
export interface RunningPart {
  pid: number;
  exited: Promise<ProcessExit>;
  /** Ends it in order. */
  close: () => Promise<void>;
}

export type PartState = 'stopped' | 'starting' | 'running' | 'restarting' | 'failed';

export interface PartOptions {
  name: string;
  /** Starts it and resolves once it answers. Called again after a crash. */
  start: (noLongerWanted: AbortSignal) => Promise<RunningPart>;
}

interface PartEvents {
  /** `detail` says why, in words for a person. */
  state: [state: PartState, detail: string];
}

/** A wrong configuration does not get better by trying again (sysexits.h EX_CONFIG; design of the services). */
const EXIT_CODE_CONFIG = 78;
const STABLE_AFTER_MS = 30_000;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 15_000;

/** How long to wait before the n-th start in a row after a crash, counted from 0. */
export function restartDelayMs(crashes: number): number {
  return Math.min(FIRST_DELAY_MS * 2 ** crashes, MAX_DELAY_MS);
}

/** A process that is started again whenever it crashes, ever more slowly while it goes on crashing. */
export class Part extends EventEmitter<PartEvents> {
  readonly name: string;
  readonly #start: PartOptions['start'];
  #state: PartState = 'stopped';
  #running: RunningPart | null = null;
  readonly #stopping = new AbortController();
  #crashes = 0;
  /** The start or restart under way. */
  #work: Promise<void> = Promise.resolve();
  #endDelay: () => void = () => {};

  constructor({ name, start }: PartOptions) {
    super();
    this.name = name;
    this.#start = start;
  }

  get state(): PartState {
    return this.#state;
  }

  /** Null while it does not run. */
  get pid(): number | null {
    return this.#running?.pid ?? null;
  }

  /**
   * The first start; from then on crashes are mended.
   * @throws Error when it does not come up this first time.
   */
  start(): Promise<void> {
    const work = this.#firstStart();
    this.#work = work.catch(() => {});
    return work;
  }

  /** Sends a signal to the process; false when it does not run. */
  kill(signal: NodeJS.Signals): boolean {
    if (this.#running === null) return false;
    process.kill(this.#running.pid, signal);
    return true;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#endDelay();
    await this.#work;
    await this.#running?.close();
    this.#running = null;
    this.#change('stopped', '');
  }

  async #firstStart(): Promise<void> {
    this.#change('starting', '');
    try {
      this.#adopt(await this.#start(this.#stopping.signal));
    } catch (error) {
      this.#change('failed', messageOf(error));
      throw error;
    }
  }

  #adopt(running: RunningPart): void {
    this.#running = running;
    const startedAtMs = Date.now();
    this.#change('running', '');
    void running.exited.then((exit) => {
      if (this.#stopping.signal.aborted || this.#running !== running) return;
      this.#running = null;
      if (Date.now() - startedAtMs > STABLE_AFTER_MS) this.#crashes = 0;
      if (exit.code === EXIT_CODE_CONFIG) this.#change('failed', 'its configuration is not valid');
      else this.#work = this.#restart(describeExit(exit));
    });
  }

  async #restart(reason: string): Promise<void> {
    let why = reason;
    while (!this.#stopping.signal.aborted) {
      const delayMs = restartDelayMs(this.#crashes++);
      this.#change('restarting', `${why}; starts again in ${delayMs / 1_000} s`);
      await this.#delay(delayMs);
      if (this.#stopping.signal.aborted) return;
      try {
        this.#adopt(await this.#start(this.#stopping.signal));
        return;
      } catch (error) {
        why = messageOf(error);
      }
    }
  }

  #delay(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, durationMs);
      this.#endDelay = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #change(state: PartState, detail: string): void {
    this.#state = state;
    this.emit('state', state, detail);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
