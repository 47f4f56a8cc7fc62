/** satellite-master/leadership */
export { type Leadership, MesosLeadership, SoleLeadership } from './leadership.ts';
export { StoreLeadership } from './zookeeper-leadership.ts';
