// The preview at the side of the list: opened by Space (list.js clicks the row's button), it follows the cursor and
// closes with Escape or its own button.
import { isPlain, isTyping } from "../ui/js/keyboard.js";

const pane = document.getElementById("preview");
const isOpen = () => pane.childElementCount > 0;
let shown = null;

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target !== pane) return;
  shown = event.detail.elt;
  if (!isOpen()) pane.append(document.getElementById("preview-skeleton").content.cloneNode(true));
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-preview]");
  if (button && button === shown && isOpen()) {
    event.preventDefault();
    event.stopImmediatePropagation();
    close();
  } else if (event.target.closest("[data-close-preview]")) close();
}, true);

document.addEventListener("keydown", (event) => {
  if (!isOpen() || !isPlainOrMoved(event) || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "Escape") close();
  else if (/^(j|k|ArrowDown|ArrowUp)$/.test(event.key)) follow();
});

// list.js has handled the same key before: its default is prevented, the cursor stands on the new row.
function isPlainOrMoved(event) {
  return event.defaultPrevented ? !(event.ctrlKey || event.metaKey || event.altKey) : isPlain(event);
}

function follow() {
  const button = document.querySelector("[data-list] [data-row].is-cursor [data-preview]");
  if (button && button !== shown) button.click();
}

function close() {
  pane.replaceChildren();
  shown = null;
}
