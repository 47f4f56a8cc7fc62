/** Rule 24b: after damage to the store the file keeps its content until an operator confirms what was rescued. */
import type { Store } from '../store/index.ts';
import type { HoldSource } from './hold.ts';

export function damageHold(store: Store): HoldSource {
  return {
    hold() {
      const { damage } = store;
      if (!damage) return undefined;
      const { reason, rescued, kept } = damage;
      return {
        rule: '24b',
        reason: `the store was damaged: ${reason}; ${rescued} records could be read, the files as they were lie in ${kept}`,
      };
    },
    confirmed: () => store.confirmDamage?.(),
  };
}
