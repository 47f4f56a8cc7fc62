/** satellite-master/intake */
export { MOST_REPORT_BYTES, parseReports } from './reports.ts';
export { RiemannIntake } from './riemann-intake.ts';
export { RiemannSide, type RiemannSocketSettings } from './riemann-side.ts';
export { compile, faultOf, shown } from './schema.ts';
export { parseTasks } from './tasks.ts';
