import type { Page } from 'playwright-core';

export interface LostOnTheWay {
  readonly answers: number;
  readonly connects: number;
}
declare global {
  interface Window {
    maydanLost?: LostOnTheWay;
  }
}

/**
 * The page's next connections to the sfu break: one as the answer to its join comes, and one as it says how it is going to connect
 * what it sends over; neither arrives. `lostBy` tells how often that was.
 */
export async function loseOnTheWay(page: Page): Promise<void> {
  await page.evaluate(() => {
    interface Seen {
      join?: string | undefined;
      creation?: string | undefined;
      sendingId?: string | undefined;
    }
    const lost = (window.maydanLost = { answers: 0, connects: 0 });
    const connections = new WeakMap<WebSocket, Seen>();
    const seenBy = (socket: WebSocket): Seen => {
      const seen = connections.get(socket) ?? {};
      connections.set(socket, seen);
      return seen;
    };
    /** The number of a request with an answer, of a message of Socket.IO. */
    const numberOf = (text: string): string | undefined => /^42(\d+)/.exec(text)?.[1];
    const { prototype } = WebSocket;
    const send = Object.getOwnPropertyDescriptor(prototype, 'send')?.value as WebSocket['send'];
    prototype.send = function (data) {
      const seen = seenBy(this);
      const text = typeof data === 'string' ? data : '';
      if (text.includes('"room.join"')) seen.join = numberOf(text);
      if (text.includes('{"direction":"send"}')) seen.creation = numberOf(text);
      const connects = text.includes('"transport.connect"') && text.includes(seen.sendingId ?? text);
      if (!connects || lost.connects > 0) return send.call(this, data);
      lost.connects += 1;
      this.close();
    };
    const heard = Object.getOwnPropertyDescriptor(prototype, 'onmessage');
    Object.defineProperty(prototype, 'onmessage', {
      ...heard,
      set(this: WebSocket, listener: (event: MessageEvent) => void) {
        heard?.set?.call(this, (event: MessageEvent) => {
          const seen = seenBy(this);
          const text = String(event.data);
          if (seen.creation !== undefined && text.startsWith(`43${seen.creation}[`)) {
            seen.sendingId = /"transportId":"([^"]+)"/.exec(text)?.[1];
          }
          if (!text.startsWith(`43${seen.join}[`) || lost.answers > 0) return listener(event);
          lost.answers += 1;
          this.close();
        });
      },
    });
  });
}

export function lostBy(page: Page): Promise<LostOnTheWay | undefined> {
  return page.evaluate(() => window.maydanLost);
}
