import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { OrderService } from './shared/gen/twicesafe/order/v1/order_pb.ts';
import { InventoryService } from './shared/gen/twicesafe/inventory/v1/inventory_pb.ts';
import { PaymentService } from './shared/gen/twicesafe/payment/v1/payment_pb.ts';
const t=(p:number)=>createConnectTransport({baseUrl:`http://127.0.0.1:${p}`,httpVersion:'2'});
const o=createClient(OrderService,t(7001)), inv=createClient(InventoryService,t(7002)), pay=createClient(PaymentService,t(7003));
const h=(id:string)=>({headers:{'request-id':id},timeoutMs:20000});
const run=String(process.argv[2]??'r1');
await Promise.all(Array.from({length:200},(_,i)=>inv.putItem({sku:`sku${i}`,name:'x',price:{amountMinorUnits:100n,currency:'EUR'},onHand:1000000n},h(`seed-item-${i}`))));
await Promise.all(Array.from({length:200},(_,i)=>pay.openAccount({accountId:`acc${i}`,openingBalance:{amountMinorUnits:100000000n,currency:'EUR'}},h(`seed-acc-${i}`))));
const place=(id:string,i:number)=>o.placeOrder({paymentSource:{case:'accountId',value:`acc${i%200}`},lines:[{sku:`sku${(i*7)%200}`,quantity:1},{sku:`sku${(i*7+1)%200}`,quantity:2}]},h(id));
for(const W of [1,32,128]){const N=W===1?200:W===32?1500:3000;let next=0;const lat:number[]=[];let err:Record<string,number>={};const s=performance.now();
await Promise.all(Array.from({length:W},async()=>{for(;;){const i=next++;if(i>=N)return;const a=performance.now();try{await place(`${run}-${W}-${i}-xx`,i)}catch(e:any){err[e.message]=(err[e.message]??0)+1}lat.push(performance.now()-a)}}));
const d=(performance.now()-s)/1000;lat.sort((a,b)=>a-b);console.log(W,(N/d).toFixed(0),'orders/s p50',lat[N>>1].toFixed(1),'p99',lat[Math.floor(N*.99)].toFixed(1),err);}
{const s=performance.now();const r=await Promise.allSettled(Array.from({length:500},()=>place(`${run}-dup-1`,5)));const ok=new Set(r.map(x=>x.status==='fulfilled'?JSON.stringify(x.value,(k,v)=>typeof v==='bigint'?String(v):v):String(x.reason)));console.log('500 dups',(performance.now()-s).toFixed(0),'ms distinct answers',ok.size,[...ok].slice(0,3));}
process.exit(0);
