import { lanAddress } from './lanAddress.ts';
import { consoleLine } from './logLine.ts';
import { restartDelayMs } from './Part.ts';
import { choosePorts } from './ports.ts';
import { startScreen } from './startScreen.ts';
import type { StartScreen } from './startScreen.ts';
import { serviceEnvironment } from './environments.ts';
import type { StackParts } from './environments.ts';
import { freePort } from '../embedded/freePort.ts';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { once } from 'node:events';

async function listenOn(port: number): Promise<Server> {
  const server = createServer().listen(port, '0.0.0.0');
  await once(server, 'listening');
  return server;
}

describe('restartDelayMs', () => {
  it('doubles up to fifteen seconds', () => {
    expect([0, 1, 2, 3].map(restartDelayMs)).toEqual([100, 200, 400, 800]);
    expect(restartDelayMs(50)).toBe(15_000);
  });
});

describe('choosePorts', () => {
  it('takes what the environment fixes', async () => {
    const port = await freePort();
    const { ports } = await choosePorts('free', { RTMP_PORT: String(port) });
    expect(ports.rtmp).toBe(port);
    expect(new Set(Object.values(ports)).size).toBe(Object.keys(ports).length);
  });

  it('leaves the ports of WebRTC to the sfu in a stack of free ports, else takes as many in a row as there are Workers', async () => {
    expect((await choosePorts('free', {})).ports.sfuRtc).toBe(0);
    const second = await listenOn(40_001).catch(() => null);
    try {
      const { ports } = await choosePorts('standard', { SFU_WORKERS: '2' });
      expect(ports.sfuRtc).toBeGreaterThanOrEqual(40_002);
    } finally {
      second?.close();
    }
  });

  it('says which fixed port is taken, and which is none', async () => {
    const port = await freePort();
    const server = await listenOn(port);
    try {
      await expect(choosePorts('free', { API_PORT: String(port) })).rejects.toThrow(
        `API_PORT is set to ${port}`,
      );
    } finally {
      server.close();
    }
    await expect(choosePorts('free', { API_PORT: 'http' })).rejects.toThrow('which is not a port');
  });

  it('moves on from a usual port that is taken, and says so', async () => {
    const isOurs = await listenOn(8090).catch(() => null);
    try {
      const { ports, notes } = await choosePorts('standard', {});
      expect(ports.origin).toBeGreaterThan(8090);
      expect(notes).toContain(`Port 8090 is taken, ORIGIN_PORT is ${ports.origin}.`);
    } finally {
      isOurs?.close();
    }
  });
});

describe('consoleLine', () => {
  const line = (level: number): string =>
    JSON.stringify({
      level,
      time: 1,
      pid: 2,
      service: 'api',
      msg: 'slow query',
      sessionId: 's1',
      err: { message: 'late' },
    });

  it('shows warnings and errors with what they are about', () => {
    expect(consoleLine(line(40), false)).toBe('warning slow query sessionId=s1 (late)');
    expect(consoleLine(line(30), false)).toBeNull();
    expect(consoleLine(line(30), true)).toBe('slow query sessionId=s1 (late)');
  });

  it('shows lines that no logger wrote', () => {
    expect(consoleLine('Error: cannot find module', false)).toBe('Error: cannot find module');
    expect(consoleLine('{ half', false)).toBe('{ half');
    expect(consoleLine('', false)).toBeNull();
  });
});

describe('lanAddress', () => {
  const address = (text: string, internal = false) => ({
    address: text,
    netmask: '255.255.255.0',
    family: 'IPv4' as const,
    mac: '',
    internal,
    cidr: null,
  });

  it('passes over loopback and the networks of containers', () => {
    const interfaces = {
      lo: [address('127.0.0.1', true)],
      docker0: [address('172.17.0.1')],
      wlan0: [address('192.168.1.5')],
    };
    expect(lanAddress(interfaces)).toBe('192.168.1.5');
    expect(lanAddress({ lo: [address('127.0.0.1', true)] })).toBeNull();
  });
});

const screen: StartScreen = {
  addresses: {
    api: 'http://127.0.0.1:8080',
    watch: 'http://localhost:8080/@broadcaster',
    rtmp: 'rtmp://127.0.0.1:1935/live',
    rtmps: 'rtmps://127.0.0.1:1936/live',
    origin: 'http://127.0.0.1:8090',
    relay: 'http://127.0.0.1:8081',
    sfu: 'http://127.0.0.1:8082',
    ops: { api: '', sfu: '', ingest: '', workers: '' },
  },
  pids: { postgres: 10, api: 11 },
  notes: [],
  credentials: null,
  lanAddress: '192.168.1.5',
  dataDir: '.data',
};

describe('startScreen', () => {
  it('names the addresses, also for other devices', () => {
    const text = startScreen(screen);
    expect(text).toContain('http://localhost:8080/@broadcaster');
    expect(text).toContain('http://192.168.1.5:8080/@broadcaster');
    expect(text).toContain('rtmp://192.168.1.5:1935/live');
  });

  it('shows key and passwords when they were just made', () => {
    const users = [{ username: 'admin', password: 'secret-1', role: 'admin' }];
    const text = startScreen({ ...screen, credentials: { created: true, users, streamKey: 'mk_key' } });
    expect(text).toContain('mk_key');
    expect(text).toMatch(/admin +secret-1 +\(admin\)/);
  });
});

describe('serviceEnvironment', () => {
  const parts: StackParts = {
    env: { DVR_WINDOW_SEC: '60', RTMP_PUBLIC_URL: 'rtmp://live.example/live', API_PORT: '', OPS_PORT: '1' },
    ports: {
      api: 1001,
      rtmp: 1002,
      rtmps: 1003,
      origin: 1004,
      relay: 1005,
      stageRelay: 1012,
      sfu: 1010,
      sfuRtc: 1011,
      apiOps: 1006,
      sfuOps: 1007,
      ingestOps: 1008,
      workersOps: 1009,
    },
    secrets: { internalSecret: 'i', accessTokenSecret: 'a', s3AccessKeyId: 'k', s3SecretAccessKey: 's' },
    databaseUrl: 'postgresql://x',
    redisUrl: 'unix:///x',
    s3: { endpoint: 'http://127.0.0.1:1010', accessKeyId: 'k', secretAccessKey: 's', bucket: 'maydan' },
    certificate: { keyFile: '/k', certFile: '/c' },
    mediasoupWorkerBin: '/w',
    spoolDir: '/spool',
  };

  it('lets a person decide, but not what services agree on', () => {
    const env = serviceEnvironment('workers', parts);
    expect(env).toMatchObject({
      DVR_WINDOW_SEC: '60',
      RTMP_PUBLIC_URL: 'rtmp://live.example/live',
      API_PORT: '1001',
      OPS_PORT: '1009',
      SPOOL_DIR: '/spool',
    });
    expect(serviceEnvironment('api', parts)).toMatchObject({ OPS_PORT: '1006', ORIGIN_PUBLIC_PORT: '1004' });
    expect(serviceEnvironment('sfu', parts)).toMatchObject({ SFU_PORT: '1010', SFU_RTC_PORT: '1011' });
  });
});
