import {
  clientMessages,
  errorBody,
  serverEvents,
  type ErrorCode,
  type MessageName,
  type MessageOutput,
  type ServerEventName,
} from '@maydan/contracts';
import { waitUntil } from '@maydan/infra';
import { io, type Socket } from 'socket.io-client';
import type { z } from 'zod';

const opened: TestSocket[] = [];
const deadlineMs = 60_000;

export interface Told<E extends ServerEventName = ServerEventName> {
  readonly event: E;
  readonly payload: unknown;
}

/** Asks with any payload, and parses the answer with the contract. Rejects with the code of a refusal. */
export async function askMessage<N extends MessageName>(
  socket: TestSocket,
  name: N,
  payload: object,
): Promise<MessageOutput<N>> {
  const answer = await socket.ask(name, payload);
  const refused = errorBody.safeParse(answer);
  if (refused.success) throw new Error(refused.data.error.code);
  return clientMessages[name].output.parse(answer) as MessageOutput<N>;
}

/** A client of the api's sockets that remembers all it was told, parsed with the contract. */
export class TestSocket {
  readonly socket: Socket;
  readonly told: Told[] = [];
  /** Why handshakes were refused. */
  readonly refusals: ErrorCode[] = [];
  #isBeginning = false;
  #again: NodeJS.Timeout | undefined;

  constructor(url: string, auth: object | (() => object) = {}, reconnects = false) {
    this.socket = io(url, {
      transports: ['websocket'],
      forceNew: true,
      reconnection: reconnects,
      reconnectionDelay: 100,
      reconnectionDelayMax: 500,
      auth: typeof auth === 'function' ? (send: (given: object) => void) => send(auth()) : auth,
    });
    for (const event of Object.keys(serverEvents) as ServerEventName[]) {
      this.socket.on(event, (payload: unknown) => {
        this.told.push({ event, payload: serverEvents[event].parse(payload) });
      });
    }
    this.socket.on('connect_error', (error: Error & { data?: unknown }) => {
      const code = errorBody.safeParse(error.data).data?.error.code;
      if (code === 'unavailable' && (reconnects || this.#isBeginning)) this.#comeAgain();
      else if (code !== undefined) this.refusals.push(code);
    });
    opened.push(this);
  }

  /** Resolves when it is connected and was told so. */
  static async connect(
    url: string,
    auth?: object | (() => object),
    reconnects?: boolean,
  ): Promise<TestSocket> {
    const client = new TestSocket(url, auth, reconnects);
    client.#isBeginning = true;
    await client.until('connection:ready');
    client.#isBeginning = false;
    return client;
  }

  /** Disconnects all that were opened by this test file. */
  static closeAll(): void {
    for (const client of opened.splice(0)) {
      clearTimeout(client.#again);
      client.socket.disconnect();
    }
  }

  of<E extends ServerEventName>(event: E): z.infer<(typeof serverEvents)[E]>[] {
    const found = this.told.filter((one) => one.event === event);
    return found.map(({ payload }) => payload as z.infer<(typeof serverEvents)[E]>);
  }

  async until(event: ServerEventName, count = 1): Promise<void> {
    await waitUntil(`${event} (${count})`, () => this.of(event).length >= count, deadlineMs);
  }

  async untilDisconnected(): Promise<void> {
    await waitUntil('the end of the connection', () => !this.socket.connected, deadlineMs);
  }

  ask(event: string, payload?: unknown): Promise<unknown> {
    return this.socket.timeout(deadlineMs).emitWithAck(event, payload);
  }

  /** The code of a refusal; undefined when it was none. */
  async codeOf(event: string, payload?: unknown): Promise<ErrorCode | undefined> {
    return errorBody.safeParse(await this.ask(event, payload)).data?.error.code;
  }

  /** The line breaks, without a word to the other side. */
  breakLine(): void {
    this.socket.io.engine.close();
  }

  /** As clients do where an api has only just begun, and could not tell them all yet. On another line: each may try a few times. */
  #comeAgain(): void {
    this.#again = setTimeout(() => this.socket.disconnect().connect(), 100);
  }
}
