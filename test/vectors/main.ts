/** The command line of run.ts. */
import { lines, reportOn, vectorFiles } from './run.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: npm run vectors -- DIR');
  process.exit(2);
}
let wrong = 0;
for (const path of vectorFiles(folder)) {
  const report = await reportOn(path);
  for (const line of lines(report)) console.log(line);
  wrong += report.problems.length;
}
if (wrong > 0) console.log(`${wrong} cases differ without a reason`);
process.exitCode = wrong > 0 ? 1 : 0;
