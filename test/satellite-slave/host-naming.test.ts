import { describe, expect, test } from 'vitest';
import { EventSink } from '../../satellite-slave/event-sink.ts';
import { HostNaming, type HostNamingOptions } from '../../satellite-slave/host-naming.ts';
import type { Event } from '../../shared/event.ts';
import { type HostName, parseHostName } from '../../shared/host-name.ts';
import { ManualClock } from '../../shared/manual-clock.ts';
import { MesosError, type MesosFault } from '../../shared/mesos/index.ts';
import { logLines } from './support/log-lines.ts';

function host(text: string): HostName {
  const name = parseHostName(text);
  if (!name) throw new Error(text);
  return name;
}

const silent = new MesosError('unreachable', 'http://agent:5051', 'does not answer');
const refusing = (fault: MesosFault) => new MesosError(fault, 'http://agent:5051', 'answered 401');

const turn = () => new Promise((resolve) => setImmediate(resolve));

function naming(options: Partial<HostNamingOptions> = {}) {
  const clock = new ManualClock();
  const { log, lines, entries } = logLines();
  /** What the agent says, one answer a question; the last for ever. */
  const answers: (string | Error)[] = [];
  let asked = 0;
  const agent = {
    origin: 'http://agent:5051',
    hostName: async () => {
      const answer = answers[Math.min(asked++, answers.length - 1)] ?? silent;
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
  const sink = new EventSink(() => parts.name);
  sink.outputs = [
    {
      report: (events) =>
        void sent.push([String(parts.name), events.map(({ service, time }) => `${service}@${time}`).join(' ')]),
    },
  ];
  parts.onName((name) => {
    if (name !== undefined) sink.release();
  });
  const event = (service: string, time: number): Event => ({ service, time, ttl: 1 });
  return {
    clock,
    lines,
    entries,
    answers,
    sent,
    naming: parts,
    emit: (service: string, time = 0) => sink.emit([event(service, time)]),
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

  test('a machine whose name is not a host name: the error names slave-host', () => {
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

  test("is the machine's after a minute without an answer, and the agent's once it answers, which is logged", async () => {
    const { naming: parts, answers, clock, sent, emit, lines, entries } = naming();
    answers.push(silent);
    parts.start();
    emit('a', 1);
    for (let second = 0; second < 59; second++) {
      clock.advance(1_000);
      await turn();
    }
    expect(sent).toEqual([]);
    clock.advance(1_000);
    expect(sent).toEqual([['machine.example', 'a@1']]);
    expect(lines).toContain('no Mesos agent answers, reporting under the name of the machine');
    answers.push('agent.example');
    for (let second = 0; second < 31; second++) {
      clock.advance(1_000);
      await turn();
    }
    expect(parts.name).toBe('agent.example');
    expect(entries).toContainEqual(
      expect.objectContaining({
        msg: 'the name of this host has changed',
        host: 'agent.example',
        before: 'machine.example',
      }),
    );
    expect(lines.filter((line) => line.includes('failed to ask'))).toHaveLength(1);
    parts.stop();
  });

  test('is asked for again every ten seconds, and kept while the agent is silent', async () => {
    const { naming: parts, answers, clock, asked } = naming();
    answers.push('one.example', silent, 'two.example');
    parts.start();
    await turn();
    clock.advance(9_999);
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
    const { naming: parts, answers, clock, entries } = naming({ machineName: '4711' });
    answers.push(silent);
    parts.start();
    await turn();
    clock.advance(60_000);
    await turn();
    expect(parts.name).toBeUndefined();
    expect(JSON.stringify(entries)).toMatch(/4711.*set slave-host/);
    parts.stop();
  });

  test.each<MesosFault>(['refused', 'status', 'no-leader', 'too-long'])(
    'is never the machine’s while an agent is there and does not say it (%s)',
    async (fault) => {
      const { naming: parts, answers, clock, sent, emit, entries } = naming();
      answers.push(refusing(fault));
      parts.start();
      emit('a', 1);
      for (let second = 0; second < 300; second++) {
        await turn();
        clock.advance(1_000);
      }
      expect(parts.name).toBeUndefined();
      expect(sent).toEqual([]);
      expect(entries).toMatchObject([{ msg: 'the Mesos agent does not say the name of this host, events wait' }]);
      answers.push('agent.example');
      for (let second = 0; second < 11; second++) {
        clock.advance(1_000);
        await turn();
      }
      expect(sent).toEqual([['agent.example', 'a@1']]);
      parts.stop();
    },
  );

  test('is the machine’s no longer once an agent is there that refuses', async () => {
    const { naming: parts, answers, clock, sent, emit } = naming();
    answers.push(silent);
    parts.start();
    await turn();
    clock.advance(60_000);
    expect(parts.name).toBe('machine.example');
    answers.push(refusing('refused'));
    for (let second = 0; second < 11; second++) {
      clock.advance(1_000);
      await turn();
    }
    emit('a', 1);
    expect(parts.name).toBeUndefined();
    expect(sent).toEqual([]);
    parts.stop();
  });

  test('once said by the agent stays while the agent refuses', async () => {
    const { naming: parts, answers, clock } = naming();
    answers.push('agent.example', refusing('refused'));
    parts.start();
    await turn();
    clock.advance(60_000);
    await turn();
    expect(parts.name).toBe('agent.example');
    parts.stop();
  });
});
