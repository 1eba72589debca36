// The limits of adaptive admission, each with its unit and its reason. Tests pass others.

export interface AdmissionLimits {
  /** Where a process begins, and where a calm one returns to: a burst of some hundred calls onto an idle service is no
   * overload, it is through in half a second. Only what keeps coming is cut down to the knee. */
  readonly placesInitial: number;
  /** Never below: this many share a flush, which is more than half of what the database can do, and no measurement
   * of a bad moment may close a service. */
  readonly placesMin: number;
  /** Queueing that is no overload yet. An order waits in some ten places; with this in each it takes half a second, which
   * is what callers bear, and below it larger flushes still win more than the waiting costs. */
  readonly delayMsTarget: number;
  /** How often the limit is looked at, and how many of the calls at work must have ended in between: calls go through a
   * database in waves, and a look between two waves sees nothing. A cut takes two looks in a row with a delay, and so does
   * the next one: what is in flight must end before the delay can show a cut. */
  readonly lookEveryMs: number;
  readonly endedFraction: number;
  /** As soon as anything has ended it looks after so long: what is slow because too much was taken ends too seldom to show it. */
  readonly lookLatestMs: number;
  /** A cut is so much of the limit when the delay is twice its target, more when more, within the two bounds. */
  readonly cutPerOvershoot: number;
  readonly cutMin: number;
  readonly cutMax: number;
  /** Growth at one look, as a part of the limit: from the minimum to ten times that within ten seconds. */
  readonly growth: number;
  /** Only a limit that was used tells something: at least this part of the places was taken at some moment. */
  readonly usedFraction: number;
  /** Duplicates that wait for the answer of another call. They do no work; above it they are told to come back. */
  readonly waitingCallsMax: number;
}

export const defaultAdmissionLimits: AdmissionLimits = {
  placesInitial: 512,
  placesMin: 32,
  delayMsTarget: 80,
  lookEveryMs: 250,
  endedFraction: 0.25,
  lookLatestMs: 750,
  cutPerOvershoot: 0.2,
  cutMin: 0.05,
  cutMax: 0.3,
  growth: 0.1,
  usedFraction: 0.9,
  waitingCallsMax: 1_000,
};
