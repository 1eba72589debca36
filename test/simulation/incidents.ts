// The incidents of a run: processes that crash, pause or have a wrong clock, and who does not reach whom until when.

import type { History } from './history.ts';
import type { Incident } from './plan.ts';
import type { SimulatedProcess } from './process.ts';
import type { Scheduler } from './scheduler.ts';
import { type Machine, type ServiceName, serviceNames } from './suite.ts';

export interface Incidents {
  /** Lets each happen when it is due. */
  begin(incidents: readonly Incident[]): void;
  /** Clocks are right again and everybody reaches everybody. Whoever is down or sleeps comes back when it was to. */
  end(): void;
  isStoreAway(service: ServiceName): boolean;
  isProviderAway(): boolean;
  isCut(from: SimulatedProcess, service: string): boolean;
  /** For how long nothing can be started. */
  darkMs(): number;
}

export function createIncidents(deps: {
  scheduler: Scheduler;
  history: History;
  machines(): readonly Machine[];
}): Incidents {
  const { scheduler, history } = deps;
  /** By what is away or cut. */
  const untilMs = new Map<string, number>();
  let darkUntilMs = 0;

  const isOut = (what: string) => untilMs.size > 0 && (untilMs.get(what) ?? 0) > scheduler.nowMs();
  const takeOut = (what: string, durationMs: number) =>
    void untilMs.set(what, scheduler.nowMs() + durationMs);
  const darkMs = () => Math.max(0, darkUntilMs - scheduler.nowMs());

  function crash(machine: Machine, durationMs: number): void {
    machine.kill();
    scheduler.after(durationMs, machine.start);
  }

  function wreak(incident: Incident): void {
    history.note('incident:', JSON.stringify(incident));
    const machines = deps.machines();
    const machine = machines['machine' in incident ? incident.machine : 0];
    if (!machine) return;
    switch (incident.kind) {
      case 'crash':
        crash(machine, incident.durationMs);
        break;
      case 'pause':
        machine.process().pauseFor(incident.durationMs);
        break;
      case 'jump':
        machine.process().jump(incident.byMs);
        break;
      case 'database away':
        takeOut(`database of ${serviceNames[incident.service]}`, incident.durationMs);
        break;
      case 'cut':
        takeOut(`${machine.name} ${reached(machine, incident.service)}`, incident.durationMs);
        break;
      case 'provider away':
        takeOut('provider', incident.durationMs);
        break;
      case 'all dark':
        darkUntilMs = Math.max(darkUntilMs, scheduler.nowMs() + incident.durationMs);
        for (const each of machines) crash(each, incident.durationMs);
    }
  }

  return {
    begin(incidents) {
      for (const incident of incidents) scheduler.after(incident.atMs, () => wreak(incident));
    },
    end() {
      untilMs.clear();
      for (const machine of deps.machines()) machine.process().setClockRight();
    },
    isStoreAway: (service) => isOut(`database of ${service}`),
    isProviderAway: () => isOut('provider'),
    isCut: (from, service) => isOut(`${from.name.split('#')[0]} ${service}`),
    darkMs,
  };
}

function reached({ service }: Machine, index: number): string {
  if (service === 'payment') return 'provider';
  return index === 0 ? 'inventory' : 'payment';
}
