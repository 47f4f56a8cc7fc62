/** Whether this master leads automation, and may write managed flags (docs/judgement.md, rule 26a). */

export interface Leading {
  readonly leads: boolean;
  /** Shown in readiness and in the log. */
  readonly reason: string;
}

export interface Leadership {
  readonly now: Leading;
  /**
   * The number under which this master leads, one more with each leader. Each of its writes checks that the store still
   * has it. Undefined: it does not lead, or nobody else can.
   */
  readonly epoch: number | undefined;
  /** @param changed called whenever `leads` has changed */
  start(changed: (leading: Leading) => void): void;
  stop(): Promise<void>;
}

/** A single master on an embedded store without Mesos: nobody else could lead. */
export class SoleLeadership implements Leadership {
  readonly now: Leading = { leads: true, reason: 'the only master of an embedded store' };
  readonly epoch = undefined;

  start(changed: (leading: Leading) => void): void {
    changed(this.now);
  }

  async stop(): Promise<void> {}
}
