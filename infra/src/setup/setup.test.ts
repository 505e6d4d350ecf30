import { parseOsRelease } from './operatingSystem.ts';
import { findProgram } from './paths.ts';
import { stageMediaProblem } from './stageMedia.ts';
import { ffmpegVersion } from './steps.ts';
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
    expect(installHint('ffmpeg', packages, null)).toContain('ffmpeg fonts-dejavu-core redis-server');
  });
});

describe('findProgram', () => {
  it('finds a program by name or by path, and not a folder', () => {
    expect(findProgram('sh')).toMatch(/\/sh$/);
    expect(findProgram('no-such-program')).toBeNull();
    expect(findProgram('bin', '/usr')).toBeNull();
  });
});

describe('what keeps the program that composes stages from being used', () => {
  it.each([
    ['sh', null],
    ['false', 'it ended with 1'],
    ['no-such-program', expect.stringContaining('ENOENT')],
    // It says so itself: a stand-in, which complains about having no operand.
    ['dirname', expect.stringContaining('missing operand')],
  ])('is told: %s', (program, problem) => {
    expect(stageMediaProblem(program)).toEqual(problem);
  });
});

describe('the version of ffmpeg', () => {
  it('is read from releases, and not from builds between them', () => {
    expect(ffmpegVersion('ffmpeg version 5.1.6-0+deb12u1 Copyright (c)')).toBe(5.1);
    expect(ffmpegVersion('ffmpeg version n4.4.2 Copyright')).toBe(4.4);
    expect(ffmpegVersion('ffmpeg version N-109-gabc Copyright')).toBeNull();
  });
});
