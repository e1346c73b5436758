// Keys that work on every page. A page adds its own with data-key="n" on a link or button.
import { openDialog } from "./dialogs.js";

export const isTyping = (target) =>
  target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !/^(checkbox|radio|button)$/.test(target.type);

export const isPlain = (event) => !(event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented);

export function startKeyboard() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.matches?.("[data-search]")) event.target.blur();
    if (!isPlain(event) || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      const search = document.querySelector("[data-search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "?") {
      event.preventDefault();
      openDialog("keys-dialog");
    } else if (/^[a-z]$/.test(event.key)) {
      const owner = document.querySelector(`[data-key="${event.key}"]`);
      if (!owner) return;
      event.preventDefault();
      owner.click();
    }
  });
}
