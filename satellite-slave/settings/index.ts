/** satellite-slave/settings */
export { compileComet, readCustomComets, withoutAgent } from './comets.ts';
export { collect, isObject } from './place.ts';
export { compileSatellite, originOf, type SatelliteSettings } from './satellites.ts';
export { type CometEntry, type SatelliteEntry, SETTINGS_SCHEMA, type SettingsFile } from './schema.ts';
