/** A command of the settings: how it is written, and whether its program is there. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** @returns the words of an array, or of a text split at blanks */
export function wordsOf(command: string | readonly string[]): readonly string[] {
  return typeof command === 'string' ? command.trim().split(/\s+/) : command;
}

/** JSON schema of a command. */
export const COMMAND_SCHEMA = {
  type: ['string', 'array'],
  pattern: '\\S',
  minItems: 1,
  items: { type: 'string', expected: 'a word of the command' },
  expected: 'a command: an array of words, or one text that is split at blanks (no shell)',
};

/** JSON schema of the name that a command's event gets. */
export const SERVICE_SCHEMA = {
  type: 'string',
  pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]{1,700}$',
  expected: 'the name of the event, 1-700 characters',
};

const DEFAULT_PATH = '/bin:/usr/bin';
/** A file system that hangs must not hold up `--check`. */
const TIMEOUT_MS = 2_000;

/** Why a program cannot be run in this environment; undefined: it can, as far as can be seen without running it. */
export async function missingProgram(program: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const folders = program.includes('/') ? [''] : (environment['PATH'] ?? DEFAULT_PATH).split(delimiter);
  let found: string | undefined;
  for (const folder of folders) {
    const state = await stateOf(folder === '' ? program : join(folder, program));
    if (state === 'executable') return undefined;
    if (state === 'silent') return `the file system of ${program} does not answer`;
    if (state === 'not executable') found = `${program} is not executable`;
  }
  return found ?? `${program} is not there`;
}

async function stateOf(path: string): Promise<'executable' | 'not executable' | 'missing' | 'silent'> {
  const look = async () => {
    const stats = await stat(path).catch(() => undefined);
    if (!stats) return 'missing';
    if (!stats.isFile()) return 'not executable';
    return await access(path, constants.X_OK).then(
      () => 'executable' as const,
      () => 'not executable' as const,
    );
  };
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<'silent'>((resolve) => {
    timer = setTimeout(() => resolve('silent'), TIMEOUT_MS);
  });
  try {
    return await Promise.race([look(), silence]);
  } finally {
    clearTimeout(timer);
  }
}
