import { cp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './paths.ts';
import { runCommand } from './runCommand.ts';
import { SetupError } from './SetupError.ts';

/** Where the sources must differ to be built with the system's libraries, and why. */
const changes: readonly { file: string; from: string; to: string }[] = [
  // Debian 12 has meson 1.0, which is enough for what is used here.
  { file: 'meson.build', from: "meson_version: '>= 1.1.0'", to: "meson_version: '>= 1.0.0'" },
  // infra/mediasoup-build brings it as a subproject of this name.
  {
    file: 'meson.build',
    from: "dependency('unordered_dense')",
    to: "dependency('unordered_dense', fallback: ['unordered_dense', 'ankerl_unordered_dense_dep'])",
  },
  // infra/mediasoup-build brings this, too.
  {
    file: 'meson.build',
    from: "cpp_args: cpp_args + ['-DMS_EXECUTABLE'],",
    to: "cpp_args: cpp_args + ['-DMS_EXECUTABLE'],\n  cpp_pch: 'pch/precompiled.hpp',",
  },
  // The callback answers 1 to every question that OpenSSL asks the BIO, also to "does the kernel do TLS for you?". Then
  // OpenSSL makes no buffer to write to, and the worker crashes in its first DTLS handshake. mediasoup's own OpenSSL is
  // built without kernel TLS and never asks; Debian's asks.
  {
    file: 'src/RTC/DtlsTransport.cpp',
    from: '  int /*argi*/,\n  long /*argl*/,\n  int ret,\n  size_t* /*processed*/)\n{\n\tMS_TRACE();\n',
    to:
      '  int argi,\n  long /*argl*/,\n  int ret,\n  size_t* /*processed*/)\n{\n\tMS_TRACE();\n\n' +
      '\tif (operationType == (BIO_CB_CTRL | BIO_CB_RETURN) && argi == BIO_CTRL_GET_KTLS_SEND)\n\t{\n\t\treturn 0;\n\t}\n',
  },
];

/**
 * Builds the worker from the sources in the npm package, with the system's libraries in place of those that meson would
 * download.
 * @param sources Folder `worker` of the npm package.
 * @param build Folder to build in; removed afterwards.
 * @param target Path of the stripped binary.
 * @throws SetupError with the last lines of the step that failed.
 */
export async function buildWorker(
  sources: string,
  build: string,
  target: string,
  progress: (text: string) => void,
): Promise<void> {
  const out = join(build, 'out');
  await rm(build, { recursive: true, force: true });
  try {
    await cp(sources, build, { recursive: true });
    await useSystemLibraries(build);
    await runCommand(
      'meson',
      ['setup', out, '--wrap-mode=nodownload', '--buildtype=release', '-Db_ndebug=true'],
      {
        cwd: build,
      },
    );
    // libwebrtc includes these headers without declaring it, so they are made first.
    await runCommand('nice', ['ninja', '-C', out, 'fbs/FBS/message.h']);
    await runCommand('nice', ['ninja', '-C', out, 'mediasoup-worker'], {
      onLine: (line) => {
        const step = /^\[(\d+\/\d+)\]/.exec(line)?.[1];
        if (step !== undefined) progress(`building from source ${step}`);
      },
    });
    await runCommand('strip', ['-o', target, join(out, 'mediasoup-worker')]);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SetupError(`The mediasoup worker could not be built: ${reason}`, { cause });
  } finally {
    await rm(build, { recursive: true, force: true });
  }
}

async function useSystemLibraries(build: string): Promise<void> {
  const subprojects = join(build, 'subprojects');
  for (const name of await readdir(subprojects)) {
    if (name.endsWith('.wrap')) await rm(join(subprojects, name));
  }
  await cp(join(root, 'infra', 'mediasoup-build'), build, { recursive: true });
  for (const { file, from, to } of changes) {
    const text = await readFile(join(build, file), 'utf8');
    if (!text.includes(from))
      throw new Error(`${file} is not as expected: infra/src/setup/buildWorker.ts fits another version`);
    await writeFile(
      join(build, file),
      text.replace(from, () => to),
    );
  }
}
