import { join } from 'node:path';
import sharp from 'sharp';

/** Edge of the icon in pixels, as Claude Desktop and Claude Code's plugin directory ask for it. */
const edge = 512;

// Stores take no SVG.
const assets = join(import.meta.dirname, '..', '..', '..', 'assets');
await sharp(join(assets, 'icon.svg')).resize(edge, edge).png({ compressionLevel: 9 }).toFile(join(assets, 'icon.png'));
