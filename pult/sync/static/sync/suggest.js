// Suggests a channel's code from its name, until the person writes one.
const form = document.querySelector("[data-suggest-code]");
const name = form?.elements.namedItem("name");
const code = form?.elements.namedItem("code");

if (name && code) {
  let own = code.value !== "";
  code.addEventListener("input", () => { own = code.value !== ""; });
  name.addEventListener("input", () => { if (!own) code.value = codeOf(name.value); });
}

function codeOf(text) {
  const plain = text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 55);
}
