import { spawnSync } from 'node:child_process';
import { operatingSystem } from './operatingSystem.ts';
import type { PackageManager } from './operatingSystem.ts';
import { runCommand } from './runCommand.ts';
import { SetupError } from './SetupError.ts';

/** The same thing under each package manager's name. */
export type PackageNames = Record<PackageManager, readonly string[]>;

/** With a font for the names on composed stages; elsewhere ffmpeg takes whatever font there is. */
export const ffmpegPackages: PackageNames = {
  apt: ['ffmpeg', 'fonts-dejavu-core'],
  brew: ['ffmpeg'],
  dnf: ['ffmpeg'],
  pacman: ['ffmpeg'],
  apk: ['ffmpeg'],
};
export const redisPackages: PackageNames = {
  apt: ['redis-server'],
  brew: ['redis'],
  dnf: ['redis'],
  pacman: ['redis'],
  apk: ['redis'],
};
export const chromiumPackages: PackageNames = {
  apt: ['chromium'],
  brew: ['--cask chromium'],
  dnf: ['chromium'],
  pacman: ['chromium'],
  apk: ['chromium'],
};
/** `ip`, with which tests make two hosts of one machine; there are network namespaces on Linux only. */
export const networkPackages: PackageNames = {
  apt: ['iproute2'],
  brew: [],
  dnf: ['iproute'],
  pacman: ['iproute2'],
  apk: ['iproute2'],
};
/** aiortc, a WebRTC client that isn't ours, of the system's own Python. */
export const aiortcPackages: PackageNames = {
  apt: ['python3-aiortc'],
  brew: ['python'],
  dnf: ['python3-aiortc'],
  pacman: ['python-aiortc'],
  apk: ['py3-aiortc'],
};
/** A TURN server. */
export const coturnPackages: PackageNames = {
  apt: ['coturn'],
  brew: ['coturn'],
  dnf: ['coturn'],
  pacman: ['coturn'],
  apk: ['coturn'],
};
/** What building mediasoup's worker from its sources needs. */
export const workerBuildPackages: PackageNames = {
  apt: [
    ...[
      'meson',
      'ninja-build',
      'pkg-config',
      'g++',
      'libuv1-dev',
      'libssl-dev',
      'libsrtp2-dev',
      'libabsl-dev',
    ],
    ...['libflatbuffers-dev', 'flatbuffers-compiler'],
  ],
  brew: ['meson', 'ninja', 'pkg-config', 'libuv', 'openssl@3', 'srtp', 'abseil', 'flatbuffers'],
  dnf: [
    ...['meson', 'ninja-build', 'pkgconf', 'gcc-c++', 'libuv-devel', 'openssl-devel', 'libsrtp-devel'],
    ...['abseil-cpp-devel', 'flatbuffers-devel', 'flatbuffers-compiler'],
  ],
  pacman: ['meson', 'ninja', 'pkgconf', 'gcc', 'libuv', 'openssl', 'libsrtp', 'abseil-cpp', 'flatbuffers'],
  apk: [
    'meson',
    'ninja',
    'pkgconf',
    'g++',
    'libuv-dev',
    'openssl-dev',
    'libsrtp-dev',
    'abseil-cpp-dev',
    'flatbuffers-dev',
  ],
};

/** What building what composes stages (workers/native) needs; what it runs with comes with ffmpeg. */
export const stageMediaBuildPackages: PackageNames = {
  apt: ['gcc', 'libc6-dev', 'pkg-config', 'libavcodec-dev', 'libavutil-dev', 'libswscale-dev'],
  brew: ['pkg-config', 'ffmpeg'],
  dnf: ['gcc', 'pkgconf', 'ffmpeg-devel'],
  pacman: ['gcc', 'pkgconf', 'ffmpeg'],
  apk: ['gcc', 'musl-dev', 'pkgconf', 'ffmpeg-dev'],
};

const installCommands: Record<PackageManager, string> = {
  apt: 'sudo apt-get update && sudo apt-get install',
  brew: 'brew install',
  dnf: 'sudo dnf install',
  pacman: 'sudo pacman -S',
  apk: 'sudo apk add',
};

/** One sentence that names what to install and with which command. */
export function installHint(
  what: string,
  packages: readonly PackageNames[],
  manager: PackageManager | null,
): string {
  const names = (of: PackageManager): string => packages.flatMap((entry) => entry[of]).join(' ');
  if (manager) return `${what} missing. Install with: ${installCommands[manager]} ${names(manager)}`;
  return `${what} missing. Install (names as in Debian): ${names('apt')}`;
}

/**
 * Installs packages on Debian and Ubuntu, as root or through sudo; services they bring are neither started nor enabled.
 * @throws SetupError naming what to install, where this cannot be done.
 */
export async function installPackages(
  what: string,
  packages: readonly PackageNames[],
  onLine: (line: string) => void,
): Promise<void> {
  const { packageManager } = operatingSystem();
  const hint = installHint(what, packages, packageManager);
  if (packageManager !== 'apt') throw new SetupError(hint);
  const names = packages.flatMap((entry) => entry.apt).filter((name) => !isInstalled(name));
  if (names.length === 0) return;
  const script = ['sh', '-c', aptScript, 'maydan-setup', ...names];
  const [command = 'sh', ...args] = process.getuid?.() === 0 ? script : ['sudo', ...script];
  if (command === 'sudo') askForPassword(hint);
  try {
    await runCommand(command, args, { onLine });
  } catch (cause) {
    throw new SetupError(`${hint}\n${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function isInstalled(aptName: string): boolean {
  const asked = spawnSync('dpkg-query', ['-W', '-f=${Status}', aptName], { encoding: 'utf8' });
  return asked.status === 0 && asked.stdout.startsWith('install ok installed');
}

/** sudo asks on the terminal, before its output goes through us. */
function askForPassword(hint: string): void {
  const interactive = process.stdin.isTTY;
  const asked = spawnSync('sudo', interactive ? ['-v'] : ['-n', '-v'], { stdio: 'inherit' });
  if (asked.status !== 0) throw new SetupError(hint);
}

/** policy-rc.d keeps apt from starting the services of what it installs (invoke-rc.d(8)). */
const aptScript = `
set -e
export DEBIAN_FRONTEND=noninteractive
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\\nexit 101\\n' > $policy
  chmod 755 $policy
  trap 'rm -f $policy' EXIT
fi
had_redis=$(command -v redis-server || true)
had_coturn=$(command -v turnserver || true)
apt-get -o DPkg::Lock::Timeout=600 update
apt-get -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "$@"
if [ -z "$had_redis" ] && command -v systemctl >/dev/null; then
  systemctl disable redis-server >/dev/null 2>&1 || true
fi
if [ -z "$had_coturn" ] && command -v systemctl >/dev/null; then
  systemctl disable coturn >/dev/null 2>&1 || true
fi
`;
