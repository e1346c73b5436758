// Short notes in the corner. The server sends one with the header HX-Trigger: {"pult:toast": {"text": "…", "level": "success"}}.
const STAYS_MS = 6000;

export function startToasts() {
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-toast-close]")) event.target.closest(".toast-note").remove();
  });
  document.addEventListener("pult:toast", (event) => toast(event.detail.text, event.detail.level));
  for (const note of document.querySelectorAll("#toasts .toast-note")) leaveLater(note);
}

export function toast(text, level = "info") {
  const note = document.getElementById("toast-template").content.firstElementChild.cloneNode(true);
  note.classList.add(`toast-${level}`);
  note.querySelector("[data-text]").textContent = text;
  document.getElementById("toasts").append(note);
  leaveLater(note);
}

// An error stays until it is closed: it may be the only place that says what went wrong.
function leaveLater(note) {
  if (note.matches(".toast-error, .toast-warning")) return;
  setTimeout(() => note.remove(), STAYS_MS);
}
