/**
 * A list of any length: only the rows in sight exist. It scrolls with the page, so phones and keyboards do
 * what they always do. Rows are of one height and are used again.
 */

import { h, mark } from "../base/dom.js";

const SPARE = 6;

/**
 * @param {object} options
 * @param {string} options.label What the list is, for those who do not see it.
 * @param {() => HTMLElement} options.make Returns an empty row.
 * @param {(row: HTMLElement, item: any, index: number) => void} options.show Writes an item into a row.
 * @param {(item: any) => string} options.address Where a row leads.
 */
export function virtualList({ label, make, show, address }) {
  const body = h("div", { class: "vlist", role: "rowgroup" });
  const root = h("div", { role: "grid", "aria-label": label, class: "vgrid" }, body);
  const rows = new Map();
  const pool = [];
  let items = [];
  let height = 44;
  let current = 0;
  let asked = 0;

  const ask = () => {
    asked ||= requestAnimationFrame(draw);
  };

  function draw() {
    asked = 0;
    if (!root.isConnected) return;
    const top = body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / height) - SPARE);
    const last = Math.min(items.length, Math.ceil((window.innerHeight - top) / height) + SPARE);
    for (const [index, row] of rows) if (index < first || index >= last) retire(index, row);
    for (let index = first; index < last; index += 1) place(index);
  }

  function retire(index, row) {
    if (row.contains(document.activeElement)) return;
    rows.delete(index);
    row.hidden = true;
    pool.push(row);
  }

  function place(index) {
    let row = rows.get(index);
    if (!row) {
      row = pool.pop() ?? born();
      row.hidden = false;
      row.style.transform = `translateY(${index * height}px)`;
      mark(row, "aria-rowindex", index + 1);
      rows.set(index, row);
    }
    row.tabIndex = index === current ? 0 : -1;
    show(row, items[index], index);
  }

  function born() {
    const row = make();
    row.setAttribute("role", "row");
    row.classList.add("vrow");
    body.append(row);
    return row;
  }

  function go(index) {
    current = Math.max(0, Math.min(items.length - 1, index));
    const top = body.getBoundingClientRect().top + current * height;
    const head = parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
    if (top < head) window.scrollBy(0, top - head);
    else if (top + height > window.innerHeight - 60) window.scrollBy(0, top + height - window.innerHeight + 60);
    draw();
    rows.get(current)?.focus({ preventScroll: true });
  }

  function key(event) {
    const page = Math.max(1, Math.floor(window.innerHeight / height) - 4);
    const steps = {
      ArrowDown: 1,
      ArrowUp: -1,
      j: 1,
      k: -1,
      PageDown: page,
      PageUp: -page,
      Home: -items.length,
      End: items.length,
    };
    if (event.key in steps) {
      event.preventDefault();
      go(current + steps[event.key]);
    } else if (event.key === "Enter" && event.target.classList.contains("vrow") && items[current]) {
      location.hash = address(items[current]);
    }
  }

  function click(event) {
    const row = event.target.closest(".vrow");
    if (!row || event.target.closest("a, button") || String(getSelection())) return;
    const found = [...rows].find(([, one]) => one === row);
    if (found) location.hash = address(items[found[0]]);
  }

  function setItems(next) {
    items = next;
    const wide = parseFloat(getComputedStyle(root).getPropertyValue("--row-px"));
    height = Number.isFinite(wide) && wide > 0 ? wide : 44;
    body.style.height = `${items.length * height}px`;
    mark(root, "aria-rowcount", items.length);
    for (const [index, row] of rows)
      if (index >= items.length) {
        rows.delete(index);
        row.hidden = true;
        pool.push(row);
      }
    ask();
  }

  const resized = () => {
    for (const [index, row] of rows) {
      rows.delete(index);
      row.hidden = true;
      pool.push(row);
    }
    setItems(items);
  };
  window.addEventListener("scroll", ask, { passive: true });
  window.addEventListener("resize", resized);
  root.addEventListener("keydown", key);
  root.addEventListener("click", click);
  return {
    root,
    setItems,
    refresh: ask,
    focus: () => go(current),
    leave() {
      cancelAnimationFrame(asked);
      window.removeEventListener("scroll", ask);
      window.removeEventListener("resize", resized);
    },
  };
}
