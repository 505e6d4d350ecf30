import type { Socket } from 'node:net';

/** Handed to the system at a time, so that what was taken is known soon also on a slow line. */
const batchBytes = 65_536;

/**
 * Writes to a socket from a queue of its own. It never waits and never grows without bound: whoever writes looks at
 * `waitingBytes`, and whether `takenBytes` grows, and gives the connection up.
 */
export class BoundedWriter {
  readonly #socket: Socket;
  readonly #queue: Buffer[] = [];
  #waitingBytes = 0;
  #takenBytes = 0;
  #isWriting = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Not taken by the system yet. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  write(bytes: Buffer): void {
    this.#queue.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#pump();
  }

  /** Forgets what waits here; what the socket was given goes out. */
  clear(): void {
    for (const { length } of this.#queue.splice(0)) this.#waitingBytes -= length;
  }

  #pump(): void {
    if (this.#isWriting || this.#queue.length === 0 || this.#socket.destroyed) return;
    const batch = this.#batch();
    this.#isWriting = true;
    this.#socket.write(batch, () => {
      this.#isWriting = false;
      this.#waitingBytes -= batch.length;
      this.#takenBytes += batch.length;
      this.#pump();
    });
  }

  #batch(): Buffer {
    let count = 0;
    let size = 0;
    while (count < this.#queue.length && size < batchBytes) size += this.#queue[count++]?.length ?? 0;
    const [first = Buffer.alloc(0), ...rest] = this.#queue.splice(0, count);
    return rest.length === 0 ? first : Buffer.concat([first, ...rest], size);
  }
}
