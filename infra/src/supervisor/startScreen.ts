import type { Addresses } from './dataFolder.ts';
import type { Credentials } from './database.ts';

export interface StartScreen {
  addresses: Addresses;
  /** Process ids by part. */
  pids: Readonly<Record<string, number | null>>;
  notes: readonly string[];
  credentials: Credentials | null;
  /** This machine's address in the local network, if it has one. */
  lanAddress: string | null;
  /** As the person named it. */
  dataDir: string;
}

/** What a person reads once everything runs. Secrets are here the first time only. */
export function startScreen(screen: StartScreen): string {
  const blocks = [
    ['Maydan runs.'],
    parts(screen),
    addresses(screen),
    publishing(screen),
    accounts(screen),
    last(screen),
  ];
  return blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n');
}

function parts({ pids }: StartScreen): string[] {
  return Object.entries(pids).map(([name, pid]) => `  ✓ ${name.padEnd(10)} running (process ${pid ?? '-'})`);
}

function addresses({ addresses: { watch, api, rtmp, rtmps }, lanAddress, notes }: StartScreen): string[] {
  return [
    row('Watch page', at('localhost', watch)),
    ...(lanAddress ? [row('', `${at(lanAddress, watch)}  (other devices in this network)`)] : []),
    row('API', `${at('localhost', api)}/api/docs`),
    row('RTMP', at('localhost', rtmp)),
    ...(lanAddress ? [row('', `${at(lanAddress, rtmp)}  (from another computer)`)] : []),
    row('RTMPS', `${at('localhost', rtmps)}  (self-signed certificate)`),
    ...notes.map((note) => row('Note', note)),
  ];
}

function publishing({ addresses: { rtmp }, credentials }: StartScreen): string[] {
  if (credentials === null) {
    return [
      row('Stream key', 'the one you have; a new one: sign in as broadcaster'),
      row('Without OBS', 'npm run demo'),
    ];
  }
  return [
    row('Stream key', `${credentials.streamKey}  (shown this time only)`),
    row(
      'OBS',
      `Settings → Stream → Service "Custom…", Server "${at('localhost', rtmp)}", Stream Key as above`,
    ),
    row('Without OBS', 'npm run demo'),
  ];
}

function accounts({ credentials }: StartScreen): string[] {
  if (credentials === null) return [];
  const rows = credentials.users.map(({ username, password, role }) =>
    row('', `${username.padEnd(12)} ${password}${role === 'user' ? '' : `  (${role})`}`),
  );
  return [row('Accounts', 'passwords, shown this time only:'), ...rows];
}

function last({ dataDir }: StartScreen): string[] {
  return [row('Data, logs', dataDir), row('', 'Ctrl-C stops everything.')];
}

function row(title: string, text: string): string {
  return `  ${title.padEnd(12)} ${text}`;
}

/** The address under another name of this machine. */
function at(host: string, address: string): string {
  return address.replace(/\/\/[^:/]+/, `//${host}`);
}
