// Drop-down menus are <details class="menu">: they open without script; this closes them and moves in them by arrows.
import { keep } from "./cookies.js";

export function startMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      const inside = menu.contains(event.target);
      if (!inside || event.target.closest(".menu-item")) menu.open = false;
    }
    const toggle = event.target.closest("[data-rail-toggle]");
    if (toggle) toggleRail(toggle);
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details.menu[open]");
    if (!menu) return;
    if (event.key === "Escape") {
      menu.open = false;
      menu.querySelector("summary").focus();
      event.stopPropagation();
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(menu, event.key === "ArrowDown" ? 1 : -1);
    }
  }, true);
}

function step(menu, by) {
  const items = [...menu.querySelectorAll(".menu-item")];
  const here = items.indexOf(document.activeElement);
  const start = here < 0 && by < 0 ? items.length : here;
  items[(start + by + items.length) % items.length]?.focus();
}

function toggleRail(button) {
  const root = document.documentElement;
  const narrow = root.dataset.rail !== "narrow";
  if (narrow) root.dataset.rail = "narrow";
  else delete root.dataset.rail;
  button.setAttribute("aria-expanded", String(!narrow));
  keep("pult_rail", narrow ? "narrow" : "wide");
}
