import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface ReceivedMail {
  readonly to: string;
  /** Headers and body, as they came. */
  readonly source: string;
}

/** A mail server that speaks as much SMTP (RFC 5321) as a sender needs, and keeps what it was sent. */
export class SmtpInbox {
  readonly mails: ReceivedMail[] = [];
  /** Says that it has no room for anybody. */
  refuses = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  static async start(): Promise<SmtpInbox> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new SmtpInbox(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => this.#sockets.delete(socket));
      void this.#talk(socket);
    });
  }

  async #talk(socket: Socket): Promise<void> {
    const say = (line: string): void => void socket.write(`${line}\r\n`);
    let to = '';
    let data: string[] | null = null;
    say('220 inbox');
    for await (const line of createInterface({ input: socket, crlfDelay: Infinity })) {
      if (data !== null && line !== '.') data.push(line);
      else if (data !== null) {
        this.mails.push({ to, source: data.join('\n') });
        data = null;
        say('250 kept');
      } else if (/^DATA/i.test(line)) {
        data = [];
        say('354 go on');
      } else if (/^RCPT/i.test(line)) {
        to = /<(.+?)>/.exec(line)?.[1] ?? '';
        say(this.refuses ? '452 no room' : '250 yes');
      } else if (/^QUIT/i.test(line)) {
        say('221 bye');
        socket.end();
      } else say('250 yes');
    }
  }

  get environment(): Record<string, string> {
    const { port } = this.#server.address() as AddressInfo;
    return { SMTP_URL: `smtp://127.0.0.1:${port}`, MAIL_FROM: 'Maydan <no-reply@maydan.example>' };
  }

  /** The code of the newest mail to an address. */
  codeFor(email: string): string {
    const newest = this.mails.findLast(({ to }) => to === email);
    const body = newest?.source.split('\n\n').slice(1).join('\n\n') ?? '';
    const isEncoded = /^content-transfer-encoding: base64/im.test(newest?.source ?? '');
    const text = isEncoded ? Buffer.from(body, 'base64').toString() : body;
    return /Maydan: (\d{6})/.exec(text)?.[1] ?? '';
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
