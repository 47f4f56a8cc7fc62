/** Where events enter a master: reports over HTTP, Riemann's protocol over TCP and UDP, task metadata. */
export { MAX_REPORT_BYTES, parseReports } from './reports.ts';
export { RiemannIntake } from './riemann-intake.ts';
export { RiemannPort, type RiemannSocketSettings } from './riemann-port.ts';
export { compile, faultOf, shown } from './schema.ts';
export { parseTasks } from './tasks.ts';
