/** Reads the cluster from Mesos in a thread of its own, and sends the differences to the model. */
export { FeedThread } from './feed-thread.ts';
