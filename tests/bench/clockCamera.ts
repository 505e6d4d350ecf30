/// <reference lib="dom" />

/**
 * Runs in a page before anything else: its camera films a clock, 640 × 360 at 30 fps, in the blocks of `timestampVideo.ts`;
 * its microphone hums. A page knows nothing of ours, so the bits of `encodeTime` are made here once more.
 */
export function installClockCamera({ columns, rows }: { columns: number; rows: number }): void {
  const checksum = (timeMs: number): number => {
    let [rest, check] = [timeMs, 0b101101];
    for (; rest > 0; rest = Math.floor(rest / 64)) check = (check ^ (rest % 64)) & 63;
    return check;
  };
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [640, 360];
  const context = canvas.getContext('2d');
  const draw = (): void => {
    const timeMs = Date.now();
    const [width, height] = [canvas.width / columns, canvas.height / rows];
    for (let bit = 0; bit < columns * rows; bit += 1) {
      const isCheck = bit >= 42;
      const value = isCheck ? (checksum(timeMs) >> (47 - bit)) & 1 : Math.floor(timeMs / 2 ** (41 - bit)) % 2;
      if (context === null) return;
      context.fillStyle = value === 1 ? '#fff' : '#000';
      context.fillRect((bit % columns) * width, Math.floor(bit / columns) * height, width, height);
    }
  };
  navigator.mediaDevices.getUserMedia = () => {
    const audio = new AudioContext();
    const hum = audio.createOscillator();
    const sound = audio.createMediaStreamDestination();
    hum.connect(sound);
    hum.start();
    const stream = canvas.captureStream(30);
    setInterval(draw, 1_000 / 30);
    for (const track of sound.stream.getAudioTracks()) stream.addTrack(track);
    return Promise.resolve(stream);
  };
}
