// A request that failed leaves its error where the content would be, with "try again".
// data-quiet-errors="words" on the element: only the words are shown (the sync line), the next poll is the retry.
import { toast } from "./toasts.js";

export function startErrors() {
  document.addEventListener("htmx:beforeRequest", (event) => {
    // A hidden page asks nothing by itself; it catches up when it is looked at again.
    if (document.hidden && event.detail.elt.getAttribute("hx-trigger")?.includes("every")) event.preventDefault();
  });
  document.addEventListener("htmx:responseError", (event) => show(event, reason(event.detail.xhr.status)));
  document.addEventListener("htmx:sendError", (event) => show(event, "unanswered"));
  document.addEventListener("htmx:timeout", (event) => show(event, "late"));
  // A form that was refused (422) comes back with its errors in it: that is content, not a failure.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status !== 422) return;
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  });
}

function reason(status) {
  if (status === 401 || status === 403) return "refused";
  if (status === 404 || status === 410) return "missing";
  return status >= 500 ? "failed" : "wrong";
}

function show(event, key) {
  const { elt, target, requestConfig } = event.detail;
  const quiet = elt.closest("[data-quiet-errors]");
  if (quiet) return showQuietly(quiet);
  const block = document.getElementById("error-template").content.firstElementChild.cloneNode(true);
  const text = block.querySelector("[data-error-text]").dataset[key];
  if ((requestConfig?.verb ?? "get") !== "get" || !target || target === document.body) return toast(text, "error");
  block.querySelector("[data-error-text]").textContent = text;
  const retry = block.querySelector("[data-retry]");
  retry.addEventListener("click", () => {
    retry.disabled = true;
    globalThis.htmx.ajax("GET", requestConfig.path, { source: elt.isConnected ? elt : undefined, target, swap: elt.getAttribute("hx-swap") ?? undefined });
  }, { once: true });
  place(target, block);
}

// In a table body the block needs a row around it, else the browser would throw it out of the table.
function place(target, block) {
  if (target.tagName !== "TBODY") return target.replaceChildren(block);
  const cell = document.createElement("td");
  cell.colSpan = 99;
  cell.append(block);
  const row = document.createElement("tr");
  row.append(cell);
  target.replaceChildren(row);
}

function showQuietly(element) {
  const words = document.createElement("span");
  words.className = "sync-words sync-failed";
  words.textContent = element.dataset.quietErrors;
  element.replaceChildren(words);
}
