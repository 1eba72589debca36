import { testGroup } from './matrix.ts';

await testGroup('orders');
