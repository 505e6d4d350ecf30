import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { findProgram } from './paths.ts';

export type PackageManager = 'apt' | 'brew' | 'dnf' | 'pacman' | 'apk';

export interface OperatingSystem {
  /** `debian`, `ubuntu`, `darwin`, … */
  id: string;
  /** `12`, `24.04`, … */
  version: string;
  packageManager: PackageManager | null;
}

export function operatingSystem(): OperatingSystem {
  if (process.platform === 'darwin') {
    return { id: 'darwin', version: release().split('.')[0] ?? '', packageManager: 'brew' };
  }
  const { ID = process.platform, VERSION_ID = '' } = parseOsRelease(readOsRelease());
  return { id: ID, version: VERSION_ID, packageManager: packageManager() };
}

/** The shell-like assignments of os-release(5). */
export function parseOsRelease(text: string): Record<string, string | undefined> {
  const values: Record<string, string> = {};
  for (const match of text.matchAll(/^([A-Z_]+)=(["']?)(.*)\2$/gm)) values[match[1] ?? ''] = match[3] ?? '';
  return values;
}

function readOsRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}

function packageManager(): PackageManager | null {
  if (findProgram('apt-get')) return 'apt';
  for (const name of ['dnf', 'pacman', 'apk', 'brew'] as const) if (findProgram(name)) return name;
  return null;
}
