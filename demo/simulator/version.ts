/** The version, as in every body of the captured 1.12.0. */
export const BUILD = {
  version: '1.12.0',
  git_sha: 'c1b42f79d157aa900be5cbb0c1023f1479962aa7',
  build_date: '2024-08-23 18:59:00',
  build_time: 1_724_439_540,
  build_user: 'probe',
} as const;

export const AGENT_CAPABILITIES = [
  'MULTI_ROLE',
  'HIERARCHICAL_ROLE',
  'RESERVATION_REFINEMENT',
  'RESOURCE_PROVIDER',
  'RESIZE_VOLUME',
  'AGENT_OPERATION_FEEDBACK',
  'AGENT_DRAINING',
  'TASK_RESOURCE_LIMITS',
] as const;

export const MASTER_CAPABILITIES = ['AGENT_UPDATE', 'AGENT_DRAINING', 'QUOTA_V2'] as const;
