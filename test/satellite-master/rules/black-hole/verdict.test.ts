import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TaskWindow } from '../../../../satellite-master/rules/black-hole/task-window.ts';
import { judgeBlackHoles } from '../../../../satellite-master/rules/black-hole/verdict.ts';
import { judged, names, type Scene, type SceneOptions, THRESHOLDS, task } from '../../../support/task-scenes.ts';

const WELL = { launch: 0, own: 0 };

interface Case {
  readonly scene: Scene;
  readonly hosts: readonly string[];
  readonly applications?: readonly string[];
  readonly options?: SceneOptions;
}

const CASES: Readonly<Record<string, Case>> = {
  'a black hole among healthy hosts': {
    scene: { bad: { web: [20, 0] }, a: { web: [0, 5] }, b: { web: [1, 5] }, c: { web: [0, 4] } },
    hosts: ['bad'],
  },
  'an innocent host with a bad application, which fails everywhere': {
    scene: { a: { bad: [20, 0], web: [0, 2] }, b: { bad: [8, 0] }, c: { bad: [6, 0], web: [0, 9] } },
    hosts: [],
    applications: ['bad'],
  },
  'a black hole beside a bad application that fails everywhere': {
    scene: {
      hole: { bad: [9, 0], web: [9, 0], job: [5, 0] },
      a: { bad: [9, 0], web: [0, 6] },
      b: { bad: [9, 0], web: [0, 6], job: [0, 4] },
    },
    hosts: ['hole'],
    applications: ['bad'],
  },
  'an application that fails everywhere, on one host more often': {
    scene: { worst: { bad: [40, 0] }, a: { bad: [8, 2] }, b: { bad: [9, 3] }, c: { bad: [7, 1] } },
    hosts: [],
    applications: ['bad'],
  },
  'an application that runs on one host only': {
    scene: { a: { bad: [30, 0] }, b: { web: [0, 9] }, c: { web: [0, 9] } },
    hosts: [],
    applications: ['bad'],
  },
  'a cluster of one host': {
    scene: { only: { x: [9, 0], y: [9, 0], z: [9, 0] } },
    hosts: [],
    applications: ['x', 'y', 'z'],
  },
  'fewer failures than count': { scene: { bad: { web: [4, 0] }, a: { web: [0, 30] }, b: { web: [0, 30] } }, hosts: [] },
  'few failures, and too few elsewhere to be sure': {
    scene: { bad: { web: [5, 0] }, a: { web: [0, 1] } },
    hosts: [],
  },
  'as few failures as count, with enough elsewhere': {
    scene: { bad: { web: [5, 0] }, a: { web: [0, 2] }, b: { web: [0, 2] }, c: { web: [0, 2] } },
    hosts: ['bad'],
  },
  'many failures, but most tasks go well': {
    scene: { busy: { web: [30, 70] }, a: { web: [0, 100] }, b: { web: [0, 100] } },
    hosts: [],
  },
  'two black holes that eat most tasks do not hide each other': {
    scene: { h1: { web: [90, 0] }, h2: { web: [80, 0] }, a: { web: [0, 5] }, b: { web: [0, 5] }, c: { web: [0, 5] } },
    hosts: ['h1', 'h2'],
  },
  'one application fails here only, others work here': {
    scene: { a: { gpu: [9, 0], web: [0, 20] }, b: { gpu: [0, 3], web: [0, 9] }, c: { gpu: [0, 3] } },
    hosts: [],
  },
  'several applications that ran nowhere else all fail, nothing works': {
    scene: { hole: { x: [4, 0], y: [3, 0], z: [2, 0] }, a: { web: [0, 5] } },
    hosts: ['hole'],
  },
  'two that ran nowhere else are not enough': {
    scene: { a: { x: [9, 0], y: [9, 0] }, b: { web: [0, 5] } },
    hosts: [],
    applications: ['x', 'y'],
  },
  'two are enough where the agent could not launch containers': {
    scene: { hole: { x: [9, 0], y: [9, 0] }, b: { web: [0, 5] } },
    hosts: ['hole'],
    options: { errors: { hole: { ...WELL, launch: 18 } } },
  },
  'one is not, for its image may be bad': {
    scene: { a: { x: [9, 0] }, b: { web: [0, 5] } },
    hosts: [],
    applications: ['x'],
    options: { errors: { a: { ...WELL, launch: 9 } } },
  },
  'one is enough where the agent itself erred': {
    scene: { hole: { x: [9, 0] }, b: { web: [0, 5] } },
    hosts: ['hole'],
    options: { errors: { hole: { ...WELL, own: 3 } } },
  },
  'errors of the agent alone blame nobody': {
    scene: { a: { web: [0, 5] }, b: { web: [0, 5] } },
    hosts: [],
    options: { errors: { a: { launch: 9, own: 9 } } },
  },
  'several that ran nowhere else, but one works here': {
    scene: { a: { x: [4, 0], y: [3, 0], z: [2, 0], w: [0, 1] }, b: { web: [0, 5] } },
    hosts: [],
  },
  'a host blamed before, of which few failures are left': {
    scene: { hole: { web: [2, 0] }, a: { web: [0, 1] } },
    hosts: ['hole'],
    options: { before: ['hole'] },
  },
  'a host blamed before on which tasks go well again': {
    scene: { hole: { web: [3, 4] }, a: { web: [0, 5] } },
    hosts: [],
    options: { before: ['hole'] },
  },
  'a host blamed before, of an application that fails everywhere by now': {
    scene: { hole: { web: [9, 0] }, a: { web: [9, 0] }, b: { web: [9, 0] } },
    hosts: [],
    applications: ['web'],
    options: { before: ['hole'] },
  },
  'nothing happened': { scene: {}, hosts: [], options: { before: ['gone'] } },
};

describe('who is to blame', () => {
  test.each(Object.entries(CASES))('%s', (_, { scene, hosts, applications, options }) => {
    const verdict = judged(scene, options);
    expect(names(verdict.hosts)).toEqual(hosts);
    if (applications) expect(names(verdict.applications)).toEqual(applications);
    if (hosts.length > 0 && !applications) expect(names(verdict.applications)).toEqual([]);
    for (const { reason } of [...verdict.hosts, ...verdict.applications]) expect(reason).toMatch(/\d/);
  });

  test('the reasons name the figures', () => {
    const { scene } = CASES['a black hole among healthy hosts'] ?? { scene: {} };
    expect(judged(scene).hosts[0]?.reason).toBe(
      'black hole: in 5m 20 started, 20 failed, 0 finished: web failed 20 of 20 here, 1 of 15 on 3 other hosts; by chance: about 3e-8',
    );
    const everywhere = judged({ a: { bad: [20, 0] }, b: { bad: [8, 0] } });
    expect(everywhere.applications[0]?.reason).toBe(
      '28 of 28 tasks failed in 5m on 2 of 2 hosts (a 20, b 8): it fails everywhere, no host is blamed for it',
    );
    expect(everywhere.cleared.map(({ name, reason }) => `${name} ${reason}`)).toEqual([
      'a not blamed: in 5m 20 started, 20 failed, 0 finished, but bad fails elsewhere too (8 of 8 on 1 other host)',
      'b not blamed: in 5m 8 started, 8 failed, 0 finished, but bad fails elsewhere too (20 of 20 on 1 other host)',
    ]);
  });

  test('one broken instance that is tried again and again on one host blames it not', () => {
    const scene = (instanceOf: (at: number) => string) => {
      const window = new TaskWindow(THRESHOLDS.windowS);
      for (let at = 0; at < 20; at++)
        for (const step of task('a', 'job', 'failed', at, instanceOf(at))) window.take(step);
      for (let at = 20; at < 60; at++)
        for (const step of task(`b${at % 3}`, 'job', 'finished', at, `job-${at}`)) window.take(step);
      return names(
        judgeBlackHoles({ picture: window, thresholds: THRESHOLDS, errorsOf: () => undefined, blamedBefore: new Set() })
          .hosts,
      );
    };
    expect(scene(() => 'job-17')).toEqual([]);
    expect(scene((at) => `job-${at}`)).toEqual(['a']);
    // It went well elsewhere: so it is not the instance.
    expect(scene(() => 'job-33')).toEqual(['a']);
  });
});

describe('whatever happens', () => {
  const counts = fc.tuple(fc.nat({ max: 12 }), fc.nat({ max: 8 }));
  const sceneOf = fc.dictionary(
    fc.constantFrom('a', 'b', 'c', 'd', 'e'),
    fc.dictionary(fc.constantFrom('web', 'job', 'db'), counts, { noNullPrototype: true }),
    { noNullPrototype: true },
  );

  test('other names of the hosts give the same verdict under the other names', () => {
    fc.assert(
      fc.property(sceneOf, fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e'], { minLength: 5 }), (scene, others) => {
        const other = (host: string) => others['abcde'.indexOf(host)] ?? host;
        const renamed = Object.fromEntries(Object.entries(scene).map(([host, tasks]) => [other(host), tasks]));
        expect(names(judged(renamed).hosts)).toEqual(names(judged(scene).hosts).map(other).sort());
        expect(names(judged(renamed).applications)).toEqual(names(judged(scene).applications));
      }),
      { numRuns: 300 },
    );
  });

  test('who is blamed is above the thresholds on what works elsewhere', () => {
    fc.assert(
      fc.property(sceneOf, (scene) => {
        for (const { counts } of judged(scene).hosts) {
          expect(counts.failed).toBeGreaterThanOrEqual(THRESHOLDS.leastFailures);
        }
      }),
      { numRuns: 300 },
    );
  });

  // Of 1,500 clusters on which all hosts are alike at most a few may lose one to chance: 1 in 100 is allowed a look,
  // and the thresholds make it far fewer.
  test('an application that fails alike on all hosts blames hardly ever one', () => {
    const random = randomOf(20_160_813);
    let blamed = 0;
    for (let run = 0; run < 1_500; run++) {
      const rate = random();
      const hosts = 2 + Math.floor(random() * 9);
      const scene: Record<string, Record<string, readonly [number, number]>> = {};
      for (let host = 0; host < hosts; host++) {
        const trials = 1 + Math.floor(random() * 15);
        const failed = Array.from({ length: trials }, random).filter((x) => x < rate).length;
        scene[`h${host}`] = { web: [failed, trials - failed] };
      }
      if (judged(scene).hosts.length > 0) blamed++;
    }
    expect(blamed).toBeLessThanOrEqual(3);
  });
});

/** A small generator of the same numbers each time (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
