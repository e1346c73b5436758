import { keep } from "./cookies.js";

const root = document.documentElement;

export function startTheme() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-set]");
    if (button) setTheme(button.dataset.themeSet);
  });
}

function setTheme(choice) {
  keep("pult_theme", choice);
  root.dataset.themeChoice = choice;
  const dark = choice === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : choice === "dark";
  root.dataset.bsTheme = dark ? "dark" : "light";
  for (const button of document.querySelectorAll("[data-theme-set]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeSet === choice));
  }
  document.dispatchEvent(new CustomEvent("pult:theme"));
}
