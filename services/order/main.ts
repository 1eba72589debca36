// The order process: settings from the environment, then server.ts.

import { runService } from '../../shared/runtime/index.ts';
import { orderConfig } from './config.ts';
import { startOrder } from './server.ts';

await runService('order', orderConfig, startOrder);
