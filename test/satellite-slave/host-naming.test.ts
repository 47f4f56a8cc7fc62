import { describe, expect, test } from 'vitest';
import { NamedOutlets } from '../../satellite-slave/event-sink.ts';
import { HostNaming, type HostNamingOptions } from '../../satellite-slave/host-naming.ts';
import type { Event } from '../../shared/event.ts';
import { type HostName, parseHostName } from '../../shared/host-name.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { logLines } from './support/log-lines.ts';

function host(text: string): HostName {
  const name = parseHostName(text);
  if (!name) throw new Error(text);
  return name;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function naming(options: Partial<HostNamingOptions> = {}) {
  const clock = new ManualClock();
  const { log, lines } = logLines();
  /** What the agent says, one answer a question; the last for ever. */
  const answers: (string | Error)[] = [];
  let asked = 0;
  const agent = {
    origin: 'http://agent:5051',
    hostName: async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)] ?? new Error('silent');
      if (answer instanceof Error) throw answer;
      return host(answer);
    },
  };
  const sent: [host: string, services: string][] = [];
  const parts = new HostNaming({
    fixed: undefined,
    agent,
    machineName: 'machine.example',
    clock,
    log,
    random: () => 1,
    ...options,
  });
  const outlets = new NamedOutlets(
    [
      {
        report: (name, events) =>
          void sent.push([name, events.map(({ service, time }) => `${service}@${time}`).join(' ')]),
      },
    ],
    parts,
  );
  const event = (service: string, time: number): Event => ({ service, time, ttl: 1 });
  return {
    clock,
    lines,
    answers,
    sent,
    naming: parts,
    emit: (service: string, time = 0) => outlets.emit([event(service, time)]),
    asked: () => asked,
  };
}

describe('the name to report under', () => {
  test('is slave-host, and nobody is asked', async () => {
    const { naming: parts, asked } = naming({ fixed: host('Fixed.Example') });
    parts.start();
    await turn();
    expect(parts.name).toBe('Fixed.Example');
    expect(asked()).toBe(0);
  });

  test("is the machine's at once where there is no agent", () => {
    const { naming: parts } = naming({ agent: undefined });
    parts.start();
    expect(parts.name).toBe('machine.example');
  });

  test('a machine whose name is no host name is told to set one', () => {
    const { naming: parts } = naming({ agent: undefined, machineName: 'my machine' });
    expect(() => parts.start()).toThrow(/"my machine".*set slave-host/);
  });

  test("is the agent's, and until then the newest event of each service waits", async () => {
    const { naming: parts, answers, sent, emit } = naming();
    answers.push('Agent.Example');
    emit('a', 1);
    emit('b', 2);
    emit('a', 3);
    parts.start();
    expect(sent).toEqual([]);
    await turn();
    expect(sent).toEqual([['Agent.Example', 'a@3 b@2']]);
    emit('c', 4);
    expect(sent.at(-1)).toEqual(['Agent.Example', 'c@4']);
    parts.stop();
  });

  test("is the machine's after a minute of silence, and the agent's once it answers, with a word in the log", async () => {
    const { naming: parts, answers, clock, sent, emit, lines } = naming();
    answers.push(new Error('silent'));
    parts.start();
    emit('a', 1);
    for (let second = 0; second < 59; second++) {
      clock.advance(1_000);
      await turn();
    }
    expect(sent).toEqual([]);
    clock.advance(1_000);
    expect(sent).toEqual([['machine.example', 'a@1']]);
    expect(lines).toContain(
      "no answer from the Mesos agent at http://agent:5051: reporting under the machine's name, machine.example",
    );
    answers.push('agent.example');
    for (let second = 0; second < 31; second++) {
      clock.advance(1_000);
      await turn();
    }
    expect(parts.name).toBe('agent.example');
    expect(lines).toContain('reporting as agent.example from now on, no longer as machine.example');
    expect(lines.filter((line) => line.includes('cannot learn'))).toHaveLength(1);
    parts.stop();
  });

  test('is asked for again every five minutes, and kept while the agent is silent', async () => {
    const { naming: parts, answers, clock, asked } = naming();
    answers.push('one.example', new Error('restarting'), 'two.example');
    parts.start();
    await turn();
    clock.advance(5 * 60_000 - 1);
    expect(asked()).toBe(1);
    clock.advance(1);
    await turn();
    expect(parts.name).toBe('one.example');
    clock.advance(500);
    await turn();
    expect(parts.name).toBe('two.example');
    parts.stop();
    clock.advance(3_600_000);
    expect(asked()).toBe(3);
  });

  test('waits on where neither the agent nor the machine has a fit name', async () => {
    const { naming: parts, answers, clock, lines } = naming({ machineName: '4711' });
    answers.push(new Error('silent'));
    parts.start();
    clock.advance(60_000);
    await turn();
    expect(parts.name).toBeUndefined();
    expect(lines.join('\n')).toMatch(/"4711".*events wait until/);
    parts.stop();
  });
});
