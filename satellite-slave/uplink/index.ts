/** satellite-slave/uplink */
export { RiemannUplink } from './riemann-uplink.ts';
export { type FoundTask, type Kept, MastersKeeper, type TaskKeeper } from './task-keeper.ts';
export { TaskUplink } from './task-uplink.ts';
export { readToken, Token } from './token.ts';
export { Uplink } from './uplink.ts';
export { WaitingEvents } from './waiting-events.ts';
