/** The composition of everything that decides, from an event to a managed flag: used by master, replay, shadow and tests. */
export {
  createJudgement,
  type Judgement,
  type JudgementEffects,
  type JudgementOptions,
  type JudgementSettings,
  type MesosFacts,
  type WhyContext,
} from './judgement.ts';
export { registerJudgement } from './judgement-status.ts';
