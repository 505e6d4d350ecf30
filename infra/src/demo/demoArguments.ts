/** A moving picture with a running clock and a beep each second: frozen picture and silence are noticed at once. */
export function demoArguments(url: string): string[] {
  const size = '1280x720';
  const frameRate = 30;
  const picture = `testsrc2=size=${size}:rate=${frameRate}`;
  // Left a quiet tone, and each second a beep of 100 ms on both sides.
  const sound =
    "aevalsrc='0.04*sin(2*PI*220*t)+0.3*sin(2*PI*880*t)*lt(mod(t,1),0.1)|0.3*sin(2*PI*880*t)*lt(mod(t,1),0.1)':s=48000";
  return [
    ...['-hide_banner', '-loglevel', 'warning', '-nostdin'],
    ...['-re', '-f', 'lavfi', '-i', picture],
    ...['-re', '-f', 'lavfi', '-i', sound],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p'],
    ...['-b:v', '2500k', '-maxrate', '2500k', '-bufsize', '2500k', '-g', String(2 * frameRate)],
    ...['-c:a', 'aac', '-b:a', '128k', '-f', 'flv', url],
  ];
}
