// Cursor and selection of a list: <table data-list> whose rows are <tr data-row data-href="…">.
// Optional in a row: [data-preview] (clicked by Space) and <input type="checkbox" data-select>.
// A bar [data-bulk-bar] anywhere on the page shows while something is selected; [data-bulk-count] in it tells how many.
import { isPlain, isTyping } from "./keyboard.js";

let lastSelected = null;

export function startList() {
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onClick);
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-select-all]")) selectAll(event.target);
    if (event.target.matches("[data-select], [data-select-all]")) showBulkBar();
  });
  document.addEventListener("htmx:afterSettle", showBulkBar);
}

const rows = () => [...document.querySelectorAll("[data-list] [data-row]")];
const cursor = () => document.querySelector("[data-list] [data-row].is-cursor");

function onKey(event) {
  if (!isPlain(event) || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const onControl = event.target.closest("a, button, summary, input");
  const row = cursor();
  if (event.key === "j" || event.key === "k") move(event, event.key === "j" ? 1 : -1);
  else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !onControl && row) {
    move(event, event.key === "ArrowDown" ? 1 : -1);
  } else if (!row || (onControl && !row.contains(onControl))) return;
  else if (event.key === "Enter" && !event.target.closest("a, button, summary")) open(row, false);
  else if (event.key === " " && !onControl) {
    event.preventDefault();
    row.querySelector("[data-preview]")?.click();
  } else if (event.key === "x" || event.key === "X") {
    const box = row.querySelector("[data-select]");
    if (box) select(box, !box.checked, event.shiftKey);
  }
}

function move(event, by) {
  const all = rows();
  if (!all.length) return;
  event.preventDefault();
  const here = all.indexOf(cursor());
  const next = all[Math.min(Math.max(here < 0 ? (by > 0 ? 0 : all.length - 1) : here + by, 0), all.length - 1)];
  putCursor(next);
  next.tabIndex = -1;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function putCursor(row) {
  cursor()?.classList.remove("is-cursor");
  row.classList.add("is-cursor");
}

function onClick(event) {
  const box = event.target.closest("[data-list] [data-row] [data-select]");
  if (box) putCursor(box.closest("[data-row]"));
  if (box) return select(box, box.checked, event.shiftKey);
  const row = event.target.closest("[data-row][data-href]");
  if (!row || event.target.closest("a, button, input, label, summary, select") || getSelection().toString()) return;
  open(row, event.ctrlKey || event.metaKey);
}

function open(row, aside) {
  if (!row.dataset.href) return;
  if (aside) window.open(row.dataset.href, "_blank", "noopener");
  else location.assign(row.dataset.href);
}

function select(box, on, upToHere) {
  const boxes = [...document.querySelectorAll("[data-list] [data-select]")];
  const from = boxes.indexOf(lastSelected);
  const to = boxes.indexOf(box);
  const range = upToHere && from >= 0 ? boxes.slice(Math.min(from, to), Math.max(from, to) + 1) : [box];
  for (const one of range) one.checked = on;
  lastSelected = box;
  showBulkBar();
}

function selectAll(head) {
  for (const box of document.querySelectorAll("[data-list] [data-select]")) box.checked = head.checked;
}

function showBulkBar() {
  const boxes = [...document.querySelectorAll("[data-list] [data-select]")];
  const count = boxes.filter((box) => box.checked).length;
  for (const box of boxes) box.closest("[data-row]")?.classList.toggle("is-selected", box.checked);
  for (const head of document.querySelectorAll("[data-select-all]")) {
    head.checked = count > 0 && count === boxes.length;
    head.indeterminate = count > 0 && count < boxes.length;
  }
  const bar = document.querySelector("[data-bulk-bar]");
  if (!bar) return;
  bar.hidden = count === 0;
  for (const place of bar.querySelectorAll("[data-bulk-count]")) place.textContent = String(count);
}
