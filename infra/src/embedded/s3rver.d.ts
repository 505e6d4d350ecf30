/** The part of s3rver 3.7 that infra uses; the package has no types of its own. */
declare module 's3rver' {
  import type { IncomingMessage, Server } from 'node:http';
  import type { AddressInfo } from 'node:net';

  interface Options {
    directory: string;
    address: string;
    port: number;
    silent: boolean;
    vhostBuckets: boolean;
    configureBuckets: { name: string; configs: string[] }[];
  }

  interface Context {
    req: IncomingMessage;
    status: number;
    type: string;
    body: string;
    store: Store;
  }

  interface Store {
    getMetadata(bucket: string, key: string): Promise<Record<string, string | number>>;
    putMetadata(bucket: string, key: string, metadata: object, md5: string): Promise<void>;
    getResourcePath(bucket: string, key: string, resource: string): string;
    getObject(
      bucket: string,
      key: string,
      options?: { start?: number; end?: number },
    ): Promise<object | null>;
    putObject(object: StoredObject): Promise<{ size: number; md5: string }>;
  }

  interface StoredObject {
    bucket: string;
    key: string;
    content: Buffer | NodeJS.ReadableStream;
    metadata: Record<string, string>;
  }

  export default class S3rver {
    constructor(options: Options);
    httpServer: Server;
    store: Store;
    context: { store: Store };
    middleware: ((context: Context, next: () => Promise<void>) => Promise<void>)[];
    run(): Promise<AddressInfo>;
  }
  export type { Context, Store, StoredObject };
}

declare module 's3rver/lib/models/account.js' {
  const account: {
    DUMMY_ACCOUNT: {
      createKeyPair(accessKeyId: string, secretAccessKey: string): void;
      revokeAccessKey(accessKeyId: string): void;
    };
  };
  export default account;
}
