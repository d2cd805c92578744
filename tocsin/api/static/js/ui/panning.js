/** Hands on a chart: drag to move through time, pinch or Ctrl and wheel to zoom, keys for both. */

const KEYS = { ArrowLeft: -0.2, ArrowRight: 0.2, PageUp: -1, PageDown: 1 };

/** Let the element move the view; returns what ends it. */
export function panning(element, view) {
  const fingers = new Map();
  let wide = 0;

  const down = (event) => {
    if (event.button !== 0) return;
    fingers.set(event.pointerId, event.clientX);
    wide = spread(fingers);
    element.setPointerCapture(event.pointerId);
    element.classList.add("grabbed");
  };
  const moved = (event) => {
    if (!fingers.has(event.pointerId)) return;
    const before = fingers.get(event.pointerId);
    fingers.set(event.pointerId, event.clientX);
    if (fingers.size === 1) view.move((before - event.clientX) / element.clientWidth);
    else {
      const now = spread(fingers);
      if (wide > 20 && now > 20) view.zoom(wide / now, 0.5);
      wide = now;
    }
  };
  const up = (event) => {
    fingers.delete(event.pointerId);
    if (!fingers.size) element.classList.remove("grabbed");
  };
  const wheel = (event) => {
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      const box = element.getBoundingClientRect();
      view.zoom(Math.exp(event.deltaY * 0.002), (event.clientX - box.left) / box.width);
    } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      view.move(event.deltaX / element.clientWidth);
    }
  };
  const listeners = { pointerdown: down, pointermove: moved, pointerup: up, pointercancel: up, wheel };
  for (const [name, one] of Object.entries(listeners)) element.addEventListener(name, one, { passive: false });
  return () => {
    for (const [name, one] of Object.entries(listeners)) element.removeEventListener(name, one);
  };
}

/** What a key does to the view; true where it did something. */
export function keyMoves(event, view) {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key in KEYS) view.move(KEYS[event.key]);
  else if (event.key === "+" || event.key === "=") view.zoom(0.5);
  else if (event.key === "-") view.zoom(2);
  else if (event.key === "End" || event.key === "l") view.goLive();
  else if (event.key === " ") view.live ? view.pause() : view.goLive();
  else return false;
  event.preventDefault();
  return true;
}

const spread = (fingers) => (fingers.size < 2 ? 0 : Math.max(...fingers.values()) - Math.min(...fingers.values()));
