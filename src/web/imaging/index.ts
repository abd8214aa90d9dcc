export { startImaging, type Imaging } from './imaging.ts';
export { mapFile, type MapFile } from './map.ts';
export type { GreyOrColour } from './tasks.ts';
export { encodePicture, type PictureFormat } from './encode.ts';
