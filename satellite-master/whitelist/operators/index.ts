/** What operators do to the whitelist and ask of it: changes, lists, the check of a host, `why`. */
export { type Actor, type Changed, type ChangeNote, type ManualChange, Operators } from './changes.ts';
export { createHostCheck, type HostCheck, type HostCheckSettings } from './host-check.ts';
export { LISTS, Listing, type ListName } from './listing.ts';
export { type Why, whyOf } from './why.ts';
