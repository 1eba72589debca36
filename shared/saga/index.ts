// The door of shared/saga. Begin reading at saga-state.ts (the rules), then coordinator.ts (who follows them), phases.ts and asking.ts.

export { SagaInterruptedError } from './asking.ts';
export type { StepAttempts } from './attempts.ts';
export { type Coordinator, createCoordinator } from './coordinator.ts';
export {
  type AmendingStep,
  amendingCall,
  type FinishingStep,
  type SagaDecision,
  type SagaDefinition,
  type SagaLog,
  type Step,
  type StepAnswer,
  type StepCall,
  type StepData,
  stepRequestId,
} from './definition.ts';
export { defaultSagaLimits, type SagaLimits } from './limits.ts';
export * from './saga-state.ts';
export { type OpenSaga, startSweeper } from './sweeper.ts';
