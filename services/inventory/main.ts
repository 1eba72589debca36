// The inventory process: settings from the environment, then server.ts.

import { runService } from '../../shared/runtime/index.ts';
import { inventoryConfig } from './config.ts';
import { startInventory } from './server.ts';

await runService('inventory', inventoryConfig, startInventory);
