export * from './health.ts';
export * from './joinToken.ts';
export * from './media.ts';
export * from './mesh.ts';
export * from './nodes.ts';
export * from './seats.ts';
export * from './seatStates.ts';
export * from './signaling.ts';
