import { AppError, type Logger } from '@maydan/common';
import { createTransport, type SMTPTransportOptions } from 'nodemailer';

/** How long a server may take to connect, greet, and say anything. */
const timeoutMs = 10_000;

/** Plain text to one person. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** A way to send email. */
export interface MailSender {
  /** Throws `unavailable` unless the mail was taken. */
  send(mail: Mail): Promise<void>;
}

/** Any SMTP server (RFC 5321); one connection for each mail. */
export class SmtpMailSender implements MailSender {
  readonly #transport: ReturnType<typeof smtp>;
  readonly #from: string;
  readonly #logger: Logger;

  /** `url`: `smtp://` or `smtps://`, with user and password if the server wants them. */
  constructor({ url, from }: { url: string; from: string }, logger: Logger) {
    this.#transport = smtp({
      ...serverOf(url),
      ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
      ...{ disableFileAccess: true, disableUrlAccess: true },
    });
    this.#from = from;
    this.#logger = logger;
  }

  async send({ to, subject, text }: Mail): Promise<void> {
    try {
      await this.#transport.sendMail({ from: this.#from, to: { name: '', address: to }, subject, text });
    } catch (error) {
      this.#logger.warn({ err: error }, 'a mail was not sent');
      throw new AppError('unavailable', 'The mail could not be sent.');
    }
  }
}

/** By its type, TypeScript knows which of the many transports it is. */
function smtp(options: SMTPTransportOptions) {
  return createTransport(options);
}

/** What a password is given to is encrypted, unless it is on this machine. */
function serverOf(url: string) {
  const { protocol, hostname, port, username, password } = new URL(url);
  const secure = protocol === 'smtps:';
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  const auth = { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  return {
    ...{ host: hostname.replace(/^\[|\]$/g, ''), secure, requireTLS: !secure && !isHere },
    port: port === '' ? (secure ? 465 : 587) : Number(port),
    ...(username === '' ? {} : { auth }),
  };
}
