import type { ChannelFunctions, ModuleChannels } from '../alerts/index.ts';

/** Channels that take events and tell `heard`: for `--check`, where nothing is sent. */
export function noChannels(
  heard: (kind: keyof ChannelFunctions, item: unknown) => void = () => undefined,
): ModuleChannels {
  const channel = (kind: keyof ChannelFunctions) => () => (item: unknown) => heard(kind, item);
  return {
    functions: {
      email: channel('email'),
      webhook: channel('webhook'),
      pagerduty: channel('pagerduty'),
      slack: channel('slack'),
      alertmanager: channel('alertmanager'),
    },
    release: () => undefined,
  };
}
