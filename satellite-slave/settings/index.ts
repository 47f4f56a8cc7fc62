/** The slave's settings file: read, checked as a whole, and compiled into typed parts. */
export type { HttpSatellite, RiemannSatellite, SatelliteSettings } from './satellites.ts';
export { readSlaveSettings, type SlaveSettings } from './slave-settings.ts';
