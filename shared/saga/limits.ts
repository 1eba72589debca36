// The saga's limits, each with its unit and its reason.

export interface SagaLimits {
  /** One attempt of a step. Longer than any healthy answer, short enough that several fit before the deadline. */
  readonly attemptDurationMsMax: number;
  /** First delay between attempts of a step whose outcome is unknown; doubled each time, with full jitter. */
  readonly firstDelayMs: number;
  /** Longest delay between attempts: a service that restarts is found again within this. */
  readonly delayMsMax: number;
  /** How long an undo, or a step after the pivot, is tried before a person is asked to look. */
  readonly attentionAfterMs: number;
  /** Delay between attempts of a saga that needs attention: someone must act first, so asking often helps nobody. */
  readonly attentionDelayMs: number;
  /** Sagas that this process drives at once without a caller waiting for them. Leaves room for new orders. */
  readonly resumedSagasMax: number;
  /** Drives at once, with and without a caller: twice the calls that a server lets run. What is confirmed and not yet
   * finished grows here when finishing is slower than placing; above it new sagas are refused until some are done. */
  readonly drivesMax: number;
  /** How often the sweeper looks. Two looks find a saga that a killed process left, well within ten seconds. */
  readonly sweepEveryMs: number;
  /** A saga younger than this is left to whoever placed it: its own process is most likely at work on it. */
  readonly graceMs: number;
  /** Sagas whose attempts are remembered for operators. */
  readonly rememberedSagasMax: number;
}

export const defaultSagaLimits: SagaLimits = {
  attemptDurationMsMax: 5_000,
  firstDelayMs: 50,
  delayMsMax: 2_000,
  attentionAfterMs: 600_000,
  attentionDelayMs: 60_000,
  resumedSagasMax: 64,
  drivesMax: 2_000,
  sweepEveryMs: 1_000,
  graceMs: 3_000,
  rememberedSagasMax: 2_000,
};
