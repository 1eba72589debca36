// The payment process: settings from the environment, then server.ts.

import { runService } from '../../shared/runtime/index.ts';
import { paymentConfig } from './config.ts';
import { startPayment } from './server.ts';

await runService('payment', paymentConfig, startPayment);
