// The door of shared/saga. Begin reading at saga-state.ts (the rules), then coordinator.ts (who follows them).

export type { StepAttempts } from './attempts.ts';
export { type Coordinator, createCoordinator, SagaInterruptedError } from './coordinator.ts';
export type {
  FinishingStep,
  SagaDecision,
  SagaDefinition,
  SagaLog,
  Step,
  StepAnswer,
  StepCall,
  StepData,
} from './definition.ts';
export { defaultSagaLimits, type SagaLimits } from './limits.ts';
export * from './saga-state.ts';
export { type OpenSaga, startSweeper } from './sweeper.ts';
