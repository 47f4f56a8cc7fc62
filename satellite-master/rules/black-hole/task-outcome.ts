/** What a task's state says of the host and the application: only what one of them did counts. */

/**
 * - `begun`: handed to the agent, `running`: and running
 * - `finished`, `failed`: how it ended by itself
 * - `ended`: somebody ended it, or it was lost with its agent; says nothing of either
 * - `unsure`: may still run
 */
export type TaskOutcome = 'begun' | 'running' | 'finished' | 'failed' | 'ended' | 'unsure';

/** Lost before it ran, because of the host: older agents report a failed launch like this. */
const LAUNCH_REASONS = /^REASON_(CONTAINER_LAUNCH_FAILED|EXECUTOR_REGISTRATION_TIMEOUT|CONTAINER_UPDATE_FAILED)$/;

/** A failure by the doing of the scheduler, the master or the operator. */
const OTHERS_REASONS =
  /^REASON_(INVALID_OFFERS|RESOURCES_UNKNOWN|RECONCILIATION|FRAMEWORK_REMOVED|MASTER_DISCONNECTED|TASK_KILLED_DURING_LAUNCH|CONTAINER_PREEMPTED|MAX_COMPLETION_TIME_REACHED|TASK_UNAUTHORIZED|TASK_GROUP_UNAUTHORIZED|(SLAVE|AGENT)_\w+)$/;

/** @param killing it was being killed: how it ends then is no failure */
export function outcomeOfTask(state: string, reason: string | undefined, killing: boolean): TaskOutcome {
  switch (state) {
    case 'TASK_STAGING':
    case 'TASK_STARTING':
      return 'begun';
    case 'TASK_RUNNING':
      return 'running';
    case 'TASK_KILLING':
    case 'TASK_UNREACHABLE':
    case 'TASK_UNKNOWN':
      return 'unsure';
    case 'TASK_FINISHED':
      return killing ? 'ended' : 'finished';
    case 'TASK_FAILED':
    case 'TASK_ERROR':
      return killing || OTHERS_REASONS.test(reason ?? '') ? 'ended' : 'failed';
    case 'TASK_LOST':
    case 'TASK_DROPPED':
      return LAUNCH_REASONS.test(reason ?? '') ? 'failed' : 'ended';
    case 'TASK_KILLED':
    case 'TASK_GONE':
    case 'TASK_GONE_BY_OPERATOR':
      return 'ended';
    default:
      return 'unsure';
  }
}
