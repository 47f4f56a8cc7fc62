/** satellite-master/mesos/feed */
export { ClusterThread } from './feed-thread.ts';
