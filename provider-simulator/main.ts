// The simulated payment provider as a process: settings from the environment, then server.ts.

import { runService } from '../shared/runtime/index.ts';
import { simulatorConfig } from './config.ts';
import { startSimulator } from './server.ts';

await runService('provider', simulatorConfig, startSimulator);
