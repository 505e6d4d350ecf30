import { parseOsRelease } from './operatingSystem.ts';
import { findProgram } from './paths.ts';
import { ffmpegPackages, installHint, redisPackages } from './systemPackages.ts';

describe('parseOsRelease', () => {
  it('reads values with and without quotes', () => {
    const text = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\nHOME_URL=\'x\'\n';
    expect(parseOsRelease(text)).toMatchObject({ ID: 'debian', VERSION_ID: '12', HOME_URL: 'x' });
    expect(parseOsRelease('')).toEqual({});
  });
});

describe('installHint', () => {
  const packages = [ffmpegPackages, redisPackages];

  it('names the command of the system', () => {
    expect(installHint('ffmpeg, redis-server', packages, 'brew')).toBe(
      'ffmpeg, redis-server missing. Install with: brew install ffmpeg redis',
    );
    expect(installHint('ffmpeg', packages, 'pacman')).toContain('sudo pacman -S ffmpeg redis');
  });

  it('names the packages where the package manager is not known', () => {
    expect(installHint('ffmpeg', packages, null)).toContain('ffmpeg redis-server');
  });
});

describe('findProgram', () => {
  it('finds a program by name or by path, and not a folder', () => {
    expect(findProgram('sh')).toMatch(/\/sh$/);
    expect(findProgram('no-such-program')).toBeNull();
    expect(findProgram('bin', '/usr')).toBeNull();
  });
});
