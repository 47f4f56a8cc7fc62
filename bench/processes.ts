/** What the kernel says of a process. Linux only. */
import { readFileSync } from 'node:fs';

/** The unit of times in /proc; Linux has 100 a second wherever Node runs. */
const TICKS_A_SECOND = 100;

/** CPU time of all its threads, ms; to 10 ms. */
export function cpuMs(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold anything; user and system time are the 12th and 13th word after it.
  const words = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(words[11]) + Number(words[12])) * 1000) / TICKS_A_SECOND;
}

/** Resident now and at its highest, MB. */
export function memoryMb(pid: number): { readonly now: number; readonly most: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mbOf = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) / 1024;
  return { now: mbOf('VmRSS'), most: mbOf('VmHWM') };
}
