import { ToolError } from './errors.ts';
import type { Size } from './media.ts';

/** A box in pixels of the upright picture: whole numbers, inside it, at least 1×1; `right` and `bottom` are the first column and row outside. */
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}
