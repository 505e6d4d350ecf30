export * from './joinToken.ts';
export * from './media.ts';
export * from './nodes.ts';
export * from './signaling.ts';
