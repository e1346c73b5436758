// Dialogs: <button data-open-dialog="id">, and questions before a step:
// data-confirm="what will happen" (data-confirm-title, data-confirm-yes, data-confirm-tone="danger") on a form or submit
// button; hx-confirm on an element of htmx takes the same extras.
export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
  return dialog;
}

export function startDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open-dialog]");
    if (opener) openDialog(opener.dataset.openDialog);
    if (event.target.closest("[data-close-dialog]")) event.target.closest("dialog")?.close("no");
    if (event.target.matches("dialog")) event.target.close("no"); // a click on the backdrop
  });
  document.addEventListener("submit", (event) => {
    const asker = event.submitter?.dataset.confirm ? event.submitter : event.target;
    if (!asker.dataset.confirm || asker.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask(asker, asker.dataset.confirm).then((yes) => {
      if (!yes) return;
      asker.dataset.confirmed = "yes";
      event.target.requestSubmit(event.submitter ?? undefined);
      delete asker.dataset.confirmed;
    });
  }, true);
  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.elt, event.detail.question).then((yes) => yes && event.detail.issueRequest(true));
  });
}

function ask(element, question) {
  const dialog = document.getElementById("confirm-dialog");
  const title = dialog.querySelector("[data-title]");
  const yes = dialog.querySelector("[data-yes]");
  title.textContent = element.dataset.confirmTitle ?? title.dataset.default;
  dialog.querySelector("[data-text]").textContent = question;
  yes.textContent = element.dataset.confirmYes ?? yes.dataset.default;
  yes.classList.toggle("btn-danger", element.dataset.confirmTone === "danger");
  yes.classList.toggle("btn-primary", element.dataset.confirmTone !== "danger");
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
