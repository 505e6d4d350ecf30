import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import jwt from 'jsonwebtoken';

interface Key {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** An OpenID issuer of our own, over real HTTP: its key set, and ID tokens that are right unless a test says otherwise. */
export class OpenIdIssuer {
  static readonly clientId = 'maydan.apps.example';
  readonly issuer: string;
  /** How often its keys were asked for. */
  asked = 0;
  /** What it answers with instead of its keys, as if it were broken. */
  broken: { status: number; body: string } | undefined;
  readonly #server: Server;
  #key: Key = newKey();

  static async start(): Promise<OpenIdIssuer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new OpenIdIssuer(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (_request, response) => {
      this.asked += 1;
      const { kid, publicKey } = this.#key;
      const keys = [
        { kty: 'EC', kid: 'other', crv: 'P-256', x: 'x', y: 'y' },
        { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' },
      ];
      const { status, body } = this.broken ?? { status: 200, body: JSON.stringify({ keys }) };
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'max-age=3600' });
      response.end(body);
    });
  }

  /** The api's configuration that trusts it. */
  get environment(): Record<string, string> {
    return {
      GOOGLE_CLIENT_IDS: `${OpenIdIssuer.clientId}, second.apps.example`,
      GOOGLE_ISSUERS: this.issuer,
      GOOGLE_JWKS_URL: `${this.issuer}/certs`,
    };
  }

  get keyId(): string {
    return this.#key.kid;
  }

  /** The public key, for attacks that take it for something else. */
  get publicPem(): string {
    return String(this.#key.publicKey.export({ type: 'spki', format: 'pem' }));
  }

  changeKey(): void {
    this.#key = newKey();
  }

  claims(change: object = {}): Record<string, unknown> {
    const now = Math.floor(Date.now() / 1000);
    const sub = randomUUID();
    const known = { iss: this.issuer, aud: OpenIdIssuer.clientId, iat: now, exp: now + 3_600, sub };
    const person = { email: `g-${sub}@example.org`, email_verified: true, name: 'Nour' };
    return { ...known, ...person, ...change };
  }

  token(change: object = {}, key: KeyObject = this.#key.privateKey): string {
    return jwt.sign(this.claims(change), key, { algorithm: 'RS256', keyid: this.keyId });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

export function newKey(): Key {
  return { kid: randomUUID(), ...generateKeyPairSync('rsa', { modulusLength: 2048 }) };
}
