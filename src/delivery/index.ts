export { deliveryHandlers, enqueueDeliveries, type Destination } from './deliver.ts';
