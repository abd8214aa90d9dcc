import type { App } from '../app.ts';
import type { Imaging } from '../imaging/index.ts';
import type { NodeAccess, WebOptions } from '../options.ts';
import { frameRoutes } from './frames.ts';
import { qidoRoutes } from './qido.ts';
import { stowRoutes } from './stow.ts';
import { wadoRoutes } from './wado.ts';

export interface DicomWeb {
  readonly node: NodeAccess;
  readonly options: WebOptions;
  readonly imaging: Imaging;
}

/** Studies Web Service (PS3.18 10): sources and results side by side, below /dicom-web. */
export function dicomWebRoutes(app: App, parts: DicomWeb): void {
  qidoRoutes(app, parts.node);
  wadoRoutes(app, parts.node);
  frameRoutes(app, parts);
  stowRoutes(app, parts);
}
