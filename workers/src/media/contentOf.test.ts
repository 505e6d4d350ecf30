import { contentOf } from './contentOf.ts';

const of = (text: string) => contentOf(Buffer.from(text, 'latin1'));

describe('contentOf', () => {
  it.each([
    ['\xff\xd8\xff\xe1..Exif', 'image', null],
    ['\x89PNG\r\n\x1a\n', 'image', null],
    ['GIF89a', 'image', null],
    ['RIFF....WEBPVP8 ', 'image', null],
    ['....ftypavif', 'image', null],
    ['....ftypisom', 'video', 'mov'],
    ['....ftypqt  ', 'video', 'mov'],
    ['....ftypM4A ', 'audio', 'mov'],
    ['\x1a\x45\xdf\xa3', 'video', 'matroska'],
    ['OggS', 'audio', 'ogg'],
    ['ID3\x04', 'audio', 'mp3'],
    ['\xff\xfb\x90\x00', 'audio', 'mp3'],
    ['\xff\xf1\x50\x80', 'audio', 'aac'],
    ['RIFF....WAVEfmt ', 'audio', 'wav'],
  ])('knows %j', (text, kind, demuxer) => {
    expect(of(text)).toEqual({ kind, demuxer });
  });

  it.each([
    ['', '<svg xmlns="http://www.w3.org/2000/svg"><script>', '#EXTM3U\nfile:///etc/passwd', '....ftypheic'],
    ['....WEBP', 'ffconcat version 1.0', '<!doctype html>', 'PK\x03\x04', '%PDF-1.7', '\xff\xff\xff\xff'],
  ])('takes all else for a file: %j, %j, %j, %j', (...texts) => {
    for (const text of texts) expect(of(text)).toEqual({ kind: 'file', demuxer: null });
  });
});
