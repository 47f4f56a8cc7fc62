/**
 * A reader as mesos-master is one, but without pause: reads whitelist files over and over in a process of its own and
 * notes every time that one is empty, torn, unsorted or bears a line that is no known host.
 * Words: JSON {files: [..], hosts: [..]}; on SIGTERM prints {reads, faults} as JSON.
 */
import { readFileSync } from 'node:fs';

const { files, hosts } = JSON.parse(process.argv[2] ?? '{}');
const known = new Set(hosts);
const seen = new Set();
const faults = new Set();
let reads = 0;
let running = true;

function check(file) {
  let content;
  try {
    content = readFileSync(file, 'utf8');
  } catch (error) {
    if (seen.has(file)) faults.add(`${file}: ${error.code}`);
    return;
  }
  reads++;
  seen.add(file);
  const lines = content.split('\n');
  if (lines.pop() !== '') faults.add(`${file}: no line feed at the end of ${JSON.stringify(content)}`);
  if (lines.length === 0) faults.add(`${file}: empty`);
  for (const [at, line] of lines.entries()) {
    if (!known.has(line)) faults.add(`${file}: line ${JSON.stringify(line)}`);
    if (at > 0 && !(lines[at - 1] < line)) faults.add(`${file}: unsorted: ${JSON.stringify(content)}`);
  }
}

process.on('SIGTERM', () => {
  running = false;
});
function round() {
  for (let n = 0; n < 50; n++) for (const file of files) check(file);
  if (running) setImmediate(round);
  else process.stdout.write(JSON.stringify({ reads, faults: [...faults] }));
}
round();
