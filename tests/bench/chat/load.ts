import { setTimeout as delay } from 'node:timers/promises';

/** One person of a conversation of two. */
export interface Talker {
  /** Rejects when it was refused. */
  send(text: string): Promise<unknown>;
  /** Calls back with each text that comes from the other. */
  onText(heard: (text: string) => void): void;
}
export type Pair = readonly [Talker, Talker];

export interface Heard {
  /** From the moment a message was due to be sent until the other person's client had it. */
  readonly delaysMs: number[];
  /** Sent but never heard, heard twice, heard before one that was sent earlier. */
  /** Why the first that was refused was. */
  refusal: string | null;
  readonly wrong: { lost: number; twice: number; disordered: number; refused: number };
}

const patienceMs = 10_000;

/** Talk over pairs, each text heard once by the other person, in order. */
export class Load {
  readonly #pairs: readonly Pair[];
  /** Text → when it was due, and what waits for it. */
  readonly #under = new Map<string, { dueAt: number; heard: () => void }>();
  readonly #newest = new Map<string, number>();
  #count = 0;
  #heard: Heard = nothingHeard();

  constructor(pairs: readonly Pair[]) {
    this.#pairs = pairs;
    for (const talker of pairs.flat()) talker.onText((text) => this.#onText(text));
  }

  /** Texts that were sent so far. */
  get count(): number {
    return this.#count;
  }

  /** `perSec` messages a second, each at its time whatever became of those before; both of each pair take turns. */
  async atRate(perSec: number, seconds: number): Promise<Heard> {
    this.#heard = nothingHeard();
    const startedAt = performance.now();
    for (let index = 0; index < perSec * seconds; index++) {
      const dueAt = startedAt + (index * 1_000) / perSec;
      const early = dueAt - performance.now();
      if (early > 0) await delay(early);
      void this.#say(index % this.#pairs.length, Math.floor(index / this.#pairs.length) % 2, dueAt);
    }
    return this.#end();
  }

  /** Each pair talks back and forth, the next text once the one before was heard. */
  async backAndForth(seconds: number): Promise<{ perSec: number; heard: Heard }> {
    this.#heard = nothingHeard();
    const startedAt = performance.now();
    const isOver = (): boolean => performance.now() > startedAt + seconds * 1_000;
    const giveUp = delay(seconds * 1_000 + patienceMs, undefined, { ref: false });
    const talk = async (pair: number): Promise<void> => {
      for (let turn = 0; !isOver(); turn++) {
        await Promise.race([this.#say(pair, turn % 2, performance.now()), giveUp]);
      }
    };
    await Promise.all(this.#pairs.map((_, index) => talk(index)));
    const took = (performance.now() - startedAt) / 1_000;
    const heard = await this.#end();
    return { perSec: heard.delaysMs.length / took, heard };
  }

  /** Resolves when it was heard, or refused. */
  async #say(pair: number, from: number, dueAt: number): Promise<void> {
    const text = `${pair}:${from}:${this.#count++}`;
    const heard = new Promise<void>((resolve) => this.#under.set(text, { dueAt, heard: resolve }));
    try {
      await this.#pairs[pair]?.[from]?.send(text);
    } catch (error) {
      this.#heard.refusal ??= String(error);
      this.#heard.wrong.refused += 1;
      this.#under.delete(text);
      return;
    }
    await heard;
  }

  #onText(text: string): void {
    const found = this.#under.get(text);
    if (found === undefined) {
      this.#heard.wrong.twice += 1;
      return;
    }
    this.#under.delete(text);
    this.#heard.delaysMs.push(performance.now() - found.dueAt);
    const [pair, from, number] = text.split(':');
    const line = `${pair}:${from}`;
    if (Number(number) < (this.#newest.get(line) ?? -1)) this.#heard.wrong.disordered += 1;
    this.#newest.set(line, Number(number));
    found.heard();
  }

  async #end(): Promise<Heard> {
    const until = performance.now() + patienceMs;
    while (this.#under.size > 0 && performance.now() < until) await delay(50);
    this.#heard.wrong.lost = this.#under.size;
    this.#under.clear();
    return this.#heard;
  }
}

function nothingHeard(): Heard {
  return { delaysMs: [], refusal: null, wrong: { lost: 0, twice: 0, disordered: 0, refused: 0 } };
}
