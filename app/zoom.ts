/** Left around what is fitted, on both sides together, in pixels. */
const margin = 24;

export interface Zoom {
  /** Another picture, of this size in its own pixels. */
  resize(width: number, height: number): void;
  /** All of it, no larger than it is. */
  fit(): void;
  by(factor: number): void;
  /** A pixel of the picture for a pixel of the page. */
  actual(): void;
}

/** Draws what is in `sheet` larger or smaller; where it is larger than its `stage`, that scrolls. `scaled` is told how large it is. */
export function createZoom(stage: HTMLElement, sheet: HTMLElement, scaled: (scale: number) => void): Zoom {
  let [width, height, chosen] = [1, 1, 0];

  const toFit = () => Math.min((stage.clientWidth - margin) / width, (stage.clientHeight - margin) / height, 1);
  function draw(): void {
    const scale = chosen || toFit();
    sheet.style.width = `${width * scale}px`;
    sheet.style.height = `${height * scale}px`;
    scaled(scale);
  }

  /** What lies under the pointer stays there. */
  function to(scale: number, pointer?: { clientX: number; clientY: number }): void {
    const [frame, before] = [stage.getBoundingClientRect(), sheet.getBoundingClientRect()];
    const { clientX: x, clientY: y } = pointer ?? { clientX: frame.x + frame.width / 2, clientY: frame.y + frame.height / 2 };
    chosen = Math.min(Math.max(scale, 0.05), 16);
    draw();
    const after = sheet.getBoundingClientRect();
    stage.scrollBy(
      after.x + ((x - before.x) / before.width) * after.width - x,
      after.y + ((y - before.y) / before.height) * after.height - y,
    );
  }
  const by = (factor: number, pointer?: Touch | MouseEvent) => to((chosen || toFit()) * factor, pointer);

  stage.addEventListener('wheel', (event) => {
    event.preventDefault();
    // A pinch on a touchpad comes as a wheel with small steps.
    by(Math.exp(-event.deltaY / (event.ctrlKey ? 80 : 400)), event);
  });
  stage.addEventListener('pointermove', ({ buttons, pointerType, movementX, movementY }) => {
    if (buttons === 1 && pointerType === 'mouse') stage.scrollBy(-movementX, -movementY);
  });
  let apart = 0;
  stage.addEventListener('touchmove', (event) => {
    const [one, other] = event.touches;
    const now = one && other ? Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) : 0;
    if (now) event.preventDefault();
    if (now && apart) by(now / apart, one);
    apart = now;
  });
  new ResizeObserver(draw).observe(stage);

  return {
    resize(newWidth, newHeight) {
      chosen *= width / newWidth;
      [width, height] = [newWidth, newHeight];
      draw();
    },
    fit() {
      chosen = 0;
      draw();
    },
    by: (factor) => by(factor),
    actual: () => to(1),
  };
}
