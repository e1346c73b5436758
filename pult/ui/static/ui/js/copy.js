export function startCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await copy(button.dataset.copy);
    const before = button.getAttribute("aria-label");
    button.classList.add("is-copied");
    button.setAttribute("aria-label", button.dataset.copied);
    button.title = button.dataset.copied;
    setTimeout(() => {
      button.classList.remove("is-copied");
      button.setAttribute("aria-label", before);
      button.title = before;
    }, 1500);
  });
}

// The clipboard belongs to secure pages; a Pult on the shop's own network may be plain http.
async function copy(text) {
  if (navigator.clipboard && isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "visually-hidden";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
