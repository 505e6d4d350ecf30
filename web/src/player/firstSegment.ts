/**
 * Address that the origin holds until the first segment is whole (RFC 8216bis, 6.2.5.2), for a playlist that has
 * parts and no segment yet; null for any other.
 */
export function firstSegmentUrl(playlist: string, url: string): string | null {
  const partsAlone = playlist.includes('#EXT-X-PART:') && !playlist.includes('#EXTINF:');
  if (!partsAlone || !playlist.includes('CAN-BLOCK-RELOAD=YES')) return null;
  const sequence = /^#EXT-X-MEDIA-SEQUENCE:(\d+)/m.exec(playlist)?.[1] ?? '0';
  const blocking = new URL(url);
  blocking.search = '';
  blocking.searchParams.set('_HLS_msn', sequence);
  return blocking.href;
}
