export * from './areaLuma.ts';
export * from './avOffset.ts';
export * from './launchBrowser.ts';
export * from './pageProbe.ts';
export * from './VideoProbe.ts';
export * from './StaticServer.ts';
export * from './LowLatencyOrigin.ts';
