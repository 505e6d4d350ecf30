import { join } from 'node:path';
import { findProgram, root } from '../setup/paths.ts';
import type { CertificateFiles } from './certificate.ts';
import type { Secrets } from './dataFolder.ts';
import type { Ports } from './ports.ts';

export type ServiceName = 'api' | 'sfu' | 'ingest' | 'workers';
export const serviceNames: readonly ServiceName[] = ['api', 'sfu', 'ingest', 'workers'];

export interface S3Access {
  endpoint: string;
  accessKeyId: string;
  secretAccessKey: string;
  bucket: string;
}

/** All that the environments of the services follow from. */
export interface StackParts {
  /** The person's own environment; what is set there wins over our defaults. */
  env: NodeJS.ProcessEnv;
  ports: Ports;
  secrets: Secrets;
  databaseUrl: string;
  redisUrl: string;
  s3: S3Access;
  certificate: CertificateFiles;
  mediasoupWorkerBin: string;
  spoolDir: string;
}

/** The environment of a service: our defaults, then the person's own settings, then what must agree over all services. */
export function serviceEnvironment(service: ServiceName, parts: StackParts): NodeJS.ProcessEnv {
  return {
    ...defaults(parts),
    ...withoutEmpty(parts.env),
    ...agreed(parts),
    OPS_PORT: String(opsPort(service, parts.ports)),
  };
}

export function opsPort(service: ServiceName, ports: Ports): number {
  const all = { api: ports.apiOps, sfu: ports.sfuOps, ingest: ports.ingestOps, workers: ports.workersOps };
  return all[service];
}

function defaults(parts: StackParts): NodeJS.ProcessEnv {
  const { ports, certificate, mediasoupWorkerBin, spoolDir, secrets } = parts;
  return {
    VAPID_PRIVATE_KEY: secrets.vapidPrivateKey,
    RTMP_PUBLIC_URL: `rtmp://localhost:${ports.rtmp}/live`,
    RTMPS_PUBLIC_URL: `rtmps://localhost:${ports.rtmps}/live`,
    WEB_ROOT: join(root, 'web', 'dist'),
    TLS_KEY_FILE: certificate.keyFile,
    TLS_CERT_FILE: certificate.certFile,
    MEDIASOUP_WORKER_BIN: mediasoupWorkerBin,
    FFMPEG_PATH: findProgram('ffmpeg') ?? 'ffmpeg',
    FFPROBE_PATH: findProgram('ffprobe') ?? 'ffprobe',
    SPOOL_DIR: spoolDir,
    S3_FORCE_PATH_STYLE: 'true',
  };
}

/** What services tell each other; the ports were chosen with the person's settings in mind. */
function agreed({ ports, secrets, databaseUrl, redisUrl, s3 }: StackParts): NodeJS.ProcessEnv {
  return {
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    INTERNAL_SECRET: secrets.internalSecret,
    ACCESS_TOKEN_SECRET: secrets.accessTokenSecret,
    S3_ENDPOINT: s3.endpoint,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    S3_BUCKET: s3.bucket,
    API_PORT: String(ports.api),
    API_INTERNAL_URL: `http://127.0.0.1:${ports.api}`,
    RTMP_PORT: String(ports.rtmp),
    RTMPS_PORT: String(ports.rtmps),
    RELAY_HOST: '127.0.0.1',
    RELAY_PORT: String(ports.relay),
    STAGE_RELAY_HOST: '127.0.0.1',
    STAGE_RELAY_PORT: String(ports.stageRelay),
    SFU_PORT: String(ports.sfu),
    SFU_PUBLIC_PORT: String(ports.sfu),
    SFU_INTERNAL_URL: `http://127.0.0.1:${ports.sfu}`,
    SFU_RTC_PORT: String(ports.sfuRtc),
    ORIGIN_PORT: String(ports.origin),
    ORIGIN_PUBLIC_PORT: String(ports.origin),
    OPS_HOST: '127.0.0.1',
  };
}

/** A variable that is set to nothing is not set. */
function withoutEmpty(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
}
