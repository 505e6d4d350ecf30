import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureMediasoupWorker } from './mediasoupWorker.ts';
import { findProgram, hashOf, readStamp, root, writeStamp } from './paths.ts';
import { runCommand } from './runCommand.ts';
import { SetupError } from './SetupError.ts';
import { ensureStageMedia } from './stageMedia.ts';
import {
  aiortcPackages,
  chromiumPackages,
  coturnPackages,
  ffmpegPackages,
  installPackages,
  networkPackages,
  redisPackages,
} from './systemPackages.ts';
import type { PackageNames } from './systemPackages.ts';

/** Tells a person what a step is doing right now. */
export type Progress = (text: string) => void;

export interface Step {
  title: string;
  /** Makes sure of it; cheap when nothing is to do. Returns what there is now. */
  run: (progress: Progress) => Promise<string>;
}

interface Tool {
  program: string;
  /** Set to use another program than the one on the PATH. */
  variable?: string;
  packages: PackageNames;
}

const ffmpeg: Tool = { program: 'ffmpeg', variable: 'FFMPEG_PATH', packages: ffmpegPackages };
const ffprobe: Tool = { program: 'ffprobe', variable: 'FFPROBE_PATH', packages: ffmpegPackages };
const redis: Tool = { program: 'redis-server', variable: 'REDIS_SERVER_PATH', packages: redisPackages };

const ip: Tool = { program: 'ip', packages: networkPackages };
const coturn: Tool = { program: 'turnserver', packages: coturnPackages };

/** Type checks and unit tests need little; tests of all kinds need a browser on top of what running needs. */
export type Purpose = 'check' | 'run' | 'test';

export function setupSteps(purpose: Purpose): Step[] {
  const prisma: Step = { title: 'Prisma client', run: ensurePrismaClient };
  if (purpose === 'check') return [prisma];
  const hasOwnRedis = (process.env['REDIS_URL'] ?? '') !== '' && purpose === 'run';
  return [
    { title: 'ffmpeg and ffprobe', run: ensureFfmpeg },
    ...(hasOwnRedis
      ? []
      : [{ title: 'redis-server', run: (progress: Progress) => ensureTools([redis], progress) }]),
    { title: 'mediasoup worker', run: ensureMediasoupWorker },
    { title: 'stage composer', run: ensureStageMedia },
    prisma,
    { title: 'web page', run: ensureWebPage },
    ...(purpose === 'test' ? testSteps() : []),
  ];
}

function testSteps(): Step[] {
  const network = { title: 'iproute2', run: (progress: Progress) => ensureTools([ip], progress) };
  return [
    { title: 'Chromium', run: ensureChromium },
    { title: 'aiortc', run: ensureAiortc },
    { title: 'coturn', run: (progress: Progress) => ensureTools([coturn], progress) },
    ...(process.platform === 'linux' ? [network] : []),
  ];
}

/** The first with `-fps_mode`. */
const leastFfmpeg = 5.1;

/** Major and minor version that ffmpeg tells of itself; null for builds between releases. */
export function ffmpegVersion(text: string): number | null {
  const found = /^ffmpeg version n?(\d+\.\d+)/.exec(text)?.[1];
  return found === undefined ? null : Number(found);
}

async function ensureFfmpeg(progress: Progress): Promise<string> {
  const found = await ensureTools([ffmpeg, ffprobe], progress);
  if (readStamp('ffmpeg') === found) return found;
  const program = toolPath(ffmpeg) ?? 'ffmpeg';
  const version = ffmpegVersion(spawnSync(program, ['-version'], { encoding: 'utf8' }).stdout);
  if (version !== null && version < leastFfmpeg) {
    throw new SetupError(`ffmpeg (${found}) is version ${version}: install ${leastFfmpeg} or newer.`);
  }
  const encoders = spawnSync(program, ['-hide_banner', '-encoders'], { encoding: 'utf8' });
  for (const name of ['libx264', 'aac', 'libopus']) {
    if (!new RegExp(` ${name} `).test(encoders.stdout)) {
      throw new SetupError(`ffmpeg (${found}) has no encoder ${name}: install a build that has it.`);
    }
  }
  writeStamp('ffmpeg', found);
  return found;
}

async function ensureTools(tools: readonly Tool[], progress: Progress): Promise<string> {
  const missing = tools.filter((tool) => toolPath(tool) === null);
  if (missing.length > 0) {
    const names = missing.map((tool) => tool.program).join(', ');
    progress(`installing ${names}`);
    await installPackages(names, [...new Set(missing.map((tool) => tool.packages))], progress);
  }
  const still = tools.find((tool) => toolPath(tool) === null);
  if (still) throw new SetupError(`${still.program} was installed but is not on the PATH.`);
  return tools.map(toolPath).join(', ');
}

function toolPath({ program, variable }: Tool): string | null {
  const given = variable === undefined ? undefined : process.env[variable];
  return findProgram(given === undefined || given === '' ? program : given);
}

async function ensurePrismaClient(progress: Progress): Promise<string> {
  const sources = ['prisma/schema.prisma', 'prisma/prisma.config.ts', 'node_modules/prisma/package.json'];
  return ensureMade('prisma', sources, 'prisma/generated', async () => {
    progress('generating');
    await runCommand(process.execPath, [join(root, 'prisma', 'scripts', 'generate.ts')], { cwd: root });
  });
}

async function ensureWebPage(progress: Progress): Promise<string> {
  const sources = [
    ...['web/src', 'web/public', 'web/index.html', 'web/vite.config.ts', 'web/package.json', 'contracts/src'],
    'package-lock.json',
  ];
  return ensureMade('web', sources, 'web/dist/index.html', async () => {
    progress('building');
    const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
    await runCommand(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: join(root, 'web') });
  });
}

/** Makes something again when its sources changed or it is gone. */
async function ensureMade(
  stamp: string,
  sources: readonly string[],
  result: string,
  make: () => Promise<void>,
): Promise<string> {
  const hash = hashOf(sources);
  if (readStamp(stamp) === hash && existsSync(join(root, result))) return result;
  try {
    await make();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`${result} could not be made: ${reason}`, { cause });
  }
  writeStamp(stamp, hash);
  return result;
}

/** Debian has `chromium`, others have Google's names; Playwright is told the path. */
export function chromiumPath(): string | null {
  const given = process.env['CHROMIUM_PATH'];
  if (given !== undefined && given !== '') return findProgram(given);
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const onPath = names.map((name) => findProgram(name)).find((path) => path !== null);
  return onPath ?? findProgram('Chromium', '/Applications/Chromium.app/Contents/MacOS');
}

/** The Python that has the system's packages, also where another one is first on the PATH. */
const systemPython = '/usr/bin/python3';

async function ensureAiortc(progress: Progress): Promise<string> {
  if (readStamp('aiortc') === systemPython && existsSync(systemPython)) return systemPython;
  const isThere = (): boolean => spawnSync(systemPython, ['-c', 'import aiortc']).status === 0;
  if (!isThere()) {
    progress('installing aiortc');
    await installPackages('aiortc', [aiortcPackages], progress);
  }
  if (!isThere()) throw new SetupError(`${systemPython} can't import aiortc: install it for that Python.`);
  writeStamp('aiortc', systemPython);
  return systemPython;
}

async function ensureChromium(progress: Progress): Promise<string> {
  if (chromiumPath() === null) {
    progress('installing chromium');
    await installPackages('Chromium', [chromiumPackages], progress);
  }
  const path = chromiumPath();
  if (path === null)
    throw new SetupError('Chromium was installed but is not on the PATH: set CHROMIUM_PATH.');
  return path;
}
